// Which letter a device has, and giving it one. A letter of the mount manager is everybody's, and only administrators
// may give one; a link in the namespace of the session is its user's own, and whoever may do nothing else has that.
#include "calls.hh"

#include <winioctl.h>

#include <vector>

namespace isodrive {
namespace {

constexpr int kLetters = 26;
/** Before the name of a device in a path that opens it, as in \\.\CDROM1. */
constexpr size_t kDevicePrefix = 4;
/** Who knows a letter. */
constexpr const wchar_t* kSystem = L"system";
constexpr const wchar_t* kSession = L"session";

bool read_device_number(const std::wstring& device, STORAGE_DEVICE_NUMBER& number) {
  const Handle handle(
      CreateFileW(device.c_str(), 0, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_EXISTING, 0, nullptr));
  DWORD bytes = 0;
  return handle.is_valid() && DeviceIoControl(handle.get(), IOCTL_STORAGE_GET_DEVICE_NUMBER, nullptr, 0, &number,
                                              sizeof number, &bytes, nullptr);
}

bool is_device(const std::wstring& path, const STORAGE_DEVICE_NUMBER& wanted) {
  STORAGE_DEVICE_NUMBER found = {};
  return read_device_number(path, found) && found.DeviceType == wanted.DeviceType &&
         found.DeviceNumber == wanted.DeviceNumber;
}

/** findLetter(physicalPath): such as "E:", or an empty string while the device has none. */
Napi::Value find_letter(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  STORAGE_DEVICE_NUMBER wanted = {};
  if (!read_device_number(wide_text(info[0]), wanted)) return js_text(env, L"");
  const DWORD letters = GetLogicalDrives();
  for (int i = 0; i < kLetters; i += 1) {
    if ((letters & (1U << i)) == 0) continue;
    const std::wstring drive = {static_cast<wchar_t>(L'A' + i), L':'};
    if (is_device(L"\\\\.\\" + drive, wanted)) return js_text(env, drive);
  }
  return js_text(env, L"");
}

/** Name of the device's volume, such as \\?\Volume{...}\; empty while there is none. */
std::wstring find_volume(const std::wstring& device) {
  STORAGE_DEVICE_NUMBER wanted = {};
  if (!read_device_number(device, wanted)) return {};
  wchar_t name[MAX_PATH] = L"";
  const HANDLE search = FindFirstVolumeW(name, MAX_PATH);
  if (search == INVALID_HANDLE_VALUE) return {};
  std::wstring found;
  do {
    std::wstring volume = name;
    // Without its last backslash it is the volume itself, not its root directory.
    if (!volume.empty() && is_device(volume.substr(0, volume.size() - 1), wanted)) found = volume;
  } while (found.empty() && FindNextVolumeW(search, name, MAX_PATH));
  FindVolumeClose(search);
  return found;
}

/** Path of a device in the namespace of the kernel, such as \Device\CdRom1; empty where there is none. */
std::wstring find_target(const std::wstring& device) {
  std::vector<wchar_t> target(kLongestPath);
  if (device.size() <= kDevicePrefix) return {};
  const DWORD length =
      QueryDosDeviceW(device.c_str() + kDevicePrefix, target.data(), static_cast<DWORD>(target.size()));
  return length == 0 ? std::wstring() : std::wstring(target.data());
}

/** assignLetter(physicalPath, letter): "system" or "session", by who knows it; empty while the device has no volume. */
Napi::Value assign_letter(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::wstring device = wide_text(info[0]);
  const std::wstring letter = wide_text(info[1]);
  const std::wstring volume = find_volume(device);
  if (volume.empty()) return js_text(env, L"");
  if (SetVolumeMountPointW((letter + L"\\").c_str(), volume.c_str())) return js_text(env, kSystem);
  const std::wstring target = find_target(device);
  if (target.empty() || !DefineDosDeviceW(DDD_RAW_TARGET_PATH, letter.c_str(), target.c_str()))
    return throw_windows_error(env, "DefineDosDevice", GetLastError());
  return js_text(env, kSession);
}

/** removeLetter(physicalPath, letter, kind): takes back what assignLetter has given. */
Napi::Value remove_letter(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::wstring letter = wide_text(info[1]);
  if (wide_text(info[2]) == kSystem) {
    if (DeleteVolumeMountPointW((letter + L"\\").c_str())) return env.Undefined();
    return throw_windows_error(env, "DeleteVolumeMountPoint", GetLastError());
  }
  const std::wstring target = find_target(wide_text(info[0]));
  // The exact target: the letter may be somebody else's by now.
  const DWORD flags = DDD_RAW_TARGET_PATH | DDD_REMOVE_DEFINITION | DDD_EXACT_MATCH_ON_REMOVE;
  if (DefineDosDeviceW(flags, letter.c_str(), target.c_str())) return env.Undefined();
  return throw_windows_error(env, "DefineDosDevice", GetLastError());
}

/** listLetters(): those in use, such as ["C:", "Z:"]. */
Napi::Value list_letters(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const DWORD letters = GetLogicalDrives();
  Napi::Array result = Napi::Array::New(env);
  for (int i = 0; i < kLetters; i += 1) {
    if ((letters & (1U << i)) != 0) result.Set(result.Length(), js_text(env, {static_cast<wchar_t>(L'A' + i), L':'}));
  }
  return result;
}

/** describeVolume(letter): its label and the name of its file system, each empty where the system does not say. */
Napi::Value describe_volume(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  wchar_t label[MAX_PATH + 1] = L"", system[MAX_PATH + 1] = L"";
  GetVolumeInformationW((wide_text(info[0]) + L"\\").c_str(), label, MAX_PATH + 1, nullptr, nullptr, nullptr, system,
                        MAX_PATH + 1);
  Napi::Object result = Napi::Object::New(env);
  result.Set("label", js_text(env, label));
  result.Set("fileSystem", js_text(env, system));
  return result;
}

}  // namespace

void export_drive_letter(Napi::Env env, Napi::Object exports) {
  exports.Set("findLetter", Napi::Function::New(env, find_letter));
  exports.Set("assignLetter", Napi::Function::New(env, assign_letter));
  exports.Set("removeLetter", Napi::Function::New(env, remove_letter));
  exports.Set("listLetters", Napi::Function::New(env, list_letters));
  exports.Set("describeVolume", Napi::Function::New(env, describe_volume));
}

}  // namespace isodrive
