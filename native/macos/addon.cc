// The macOS addon: thin wrappers over calls of the system that Node does not offer. What their answers mean is
// decided in TypeScript.
#include "calls.hh"

static Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  isodrive::export_drive_registry(env, exports);
  isodrive::export_disc_calls(env, exports);
  return exports;
}

NODE_API_MODULE(isodrive_macos, initialize)
