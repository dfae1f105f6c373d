-- The encrypted channel of m2m sessions, and files that go through it. session_id, file_id: blind.
-- Every row of a session in the first four tables is overwritten and deleted when the session's keys are.

-- Counters of a channel: numbers of messages, age and frames of the epoch.
CREATE TABLE channel (
  session_id TEXT NOT NULL PRIMARY KEY,
  sealed BLOB NOT NULL
) STRICT;

-- Keys, apart from the counters so that they are written once: of an epoch, or the own ephemeral of the next one.
CREATE TABLE channel_secret (
  session_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK(kind IN ('epoch','ephemeral')),
  e INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (session_id, kind, e)
) STRICT;

-- Messages without an acknowledgement (dir 'out'), and parts of a long one that is not whole yet (dir 'in').
CREATE TABLE channel_message (
  session_id TEXT NOT NULL,
  dir TEXT NOT NULL CHECK(dir IN ('out','in')),
  m INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (session_id, dir, m)
) STRICT;

-- The peer's streams in the order they were first opened: all but the last of an epoch are never opened again. s: in clear, as on the wire.
CREATE TABLE channel_stream (
  session_id TEXT NOT NULL,
  e INTEGER NOT NULL,
  s TEXT NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (session_id, e, s)
) STRICT;

-- Files of both directions. They stay after the session, as history.
CREATE TABLE channel_file (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  file_id TEXT NOT NULL UNIQUE,
  session_id TEXT NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE INDEX ix_channel_file_session ON channel_file(session_id);
