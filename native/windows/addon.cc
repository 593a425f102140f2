// The Windows addon: thin wrappers over calls of the system that Node does not offer. What their errors mean to a
// user is decided in TypeScript.
#include "calls.hh"

namespace isodrive {

Napi::Error make_windows_error(Napi::Env env, const char* call, DWORD code) {
  Napi::Error error = Napi::Error::New(env, std::string(call) + " failed with " + std::to_string(code));
  error.Set("systemCode", Napi::Number::New(env, code));
  error.Set("syscall", Napi::String::New(env, call));
  return error;
}

Napi::Value throw_windows_error(Napi::Env env, const char* call, DWORD code) {
  make_windows_error(env, call, code).ThrowAsJavaScriptException();
  return env.Undefined();
}

std::wstring wide_text(const Napi::Value& value) {
  if (!value.IsString()) return {};
  const std::u16string text = value.As<Napi::String>().Utf16Value();
  if (text.size() >= kLongestPath) return {};
  return {text.begin(), text.end()};
}

Napi::String js_text(Napi::Env env, const std::wstring& text) {
  return Napi::String::New(env, std::u16string(text.begin(), text.end()));
}

}  // namespace isodrive

static Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  isodrive::export_virtual_disk(env, exports);
  isodrive::export_drive_letter(env, exports);
  isodrive::export_pipe_access(env, exports);
  isodrive::export_optical_drive(env, exports);
  return exports;
}

NODE_API_MODULE(isodrive_windows, initialize)
