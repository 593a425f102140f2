// What every part of the Windows addon needs: handles that close themselves, text, and errors of the system.
#pragma once

#include <napi.h>
#include <windows.h>

#include <string>
#include <utility>

namespace isodrive {

/** Longest path of NT, in characters. */
constexpr size_t kLongestPath = 32768;

class Handle {
 public:
  explicit Handle(HANDLE value = INVALID_HANDLE_VALUE) : value_(value) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { close(); }
  bool is_valid() const { return value_ != INVALID_HANDLE_VALUE && value_ != nullptr; }
  HANDLE get() const { return value_; }
  HANDLE* out() { return &value_; }
  void close() {
    const HANDLE value = std::exchange(value_, INVALID_HANDLE_VALUE);
    if (value != INVALID_HANDLE_VALUE && value != nullptr) CloseHandle(value);
  }

 private:
  HANDLE value_;
};

/** Error of a failed call, with `systemCode` (winerror.h) and `syscall`. */
Napi::Error make_windows_error(Napi::Env env, const char* call, DWORD code);

/** Throws that error. Gives undefined, for callers to return. */
Napi::Value throw_windows_error(Napi::Env env, const char* call, DWORD code);

/** Empty when it is no string, or too long. */
std::wstring wide_text(const Napi::Value& value);

Napi::String js_text(Napi::Env env, const std::wstring& text);

void export_virtual_disk(Napi::Env env, Napi::Object exports);
void export_drive_letter(Napi::Env env, Napi::Object exports);
void export_pipe_access(Napi::Env env, Napi::Object exports);
void export_optical_drive(Napi::Env env, Napi::Object exports);

}  // namespace isodrive
