// Importing electron from the core is a compile error (TS2306: not a module); see docs/architecture.md. This file must exist and stay empty.
