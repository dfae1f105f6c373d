// Node-API before version 10 cannot hold a reference to a string. An object that has the string as its property can
// be held instead; this class offers what better-sqlite3 uses of such a reference.
class HeldString {
	Napi::ObjectReference holder;
public:
	HeldString() {}
	HeldString(Napi::String string) {
		Napi::Object object = Napi::Object::New(string.Env());
		object.Set("v", string);
		holder = Napi::Persistent(object);
	}
	Napi::String Value() const { return holder.Value().Get("v").As<Napi::String>(); }
};
