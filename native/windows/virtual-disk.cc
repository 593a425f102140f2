// The Windows addon: virtual disks of images, by the system's own driver, and which drive letter they have. Thin wrappers
// over virtdisk.h; what their errors mean to a user is decided in src/windows.
#define NAPI_VERSION 9
#include <node_api.h>
#include <windows.h>
#include <initguid.h>
#include <virtdisk.h>
#include <winioctl.h>

#include <string>
#include <vector>

namespace {

// VIRTUAL_STORAGE_TYPE_VENDOR_MICROSOFT (virtdisk.h).
constexpr GUID kMicrosoft = {0xec984aec, 0xa0f9, 0x47e9, {0x90, 0x1f, 0x71, 0x41, 0x5a, 0x66, 0x34, 0x5b}};
// Longest path of NT, in characters.
constexpr size_t kLongestPath = 32768;

class Handle {
 public:
  explicit Handle(HANDLE value = INVALID_HANDLE_VALUE) : value_(value) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (isValid()) CloseHandle(value_);
  }
  bool isValid() const { return value_ != INVALID_HANDLE_VALUE && value_ != nullptr; }
  HANDLE get() const { return value_; }
  HANDLE* out() { return &value_; }

 private:
  HANDLE value_;
};

napi_value throwSystemError(napi_env env, const char* call, DWORD code) {
  napi_value error = nullptr, message = nullptr, number = nullptr, name = nullptr;
  napi_create_string_utf8(env, call, NAPI_AUTO_LENGTH, &message);
  napi_create_error(env, nullptr, message, &error);
  napi_create_uint32(env, code, &number);
  napi_set_named_property(env, error, "systemCode", number);
  napi_create_string_utf8(env, call, NAPI_AUTO_LENGTH, &name);
  napi_set_named_property(env, error, "syscall", name);
  napi_throw(env, error);
  return nullptr;
}

// Empty when it is no string, or too long.
std::wstring readPath(napi_env env, napi_value value) {
  size_t length = 0;
  if (napi_get_value_string_utf16(env, value, nullptr, 0, &length) != napi_ok || length >= kLongestPath) return {};
  std::vector<char16_t> text(length + 1);
  napi_get_value_string_utf16(env, value, text.data(), text.size(), &length);
  return {text.begin(), text.begin() + length};
}

napi_value toString(napi_env env, const std::wstring& text) {
  const std::u16string units(text.begin(), text.end());
  napi_value result = nullptr;
  napi_create_string_utf16(env, units.data(), units.size(), &result);
  return result;
}

std::wstring readArgument(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument = nullptr;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  return count == 1 ? readPath(env, argument) : std::wstring();
}

DWORD openDisk(const std::wstring& path, VIRTUAL_DISK_ACCESS_MASK access, Handle& disk) {
  VIRTUAL_STORAGE_TYPE type = {VIRTUAL_STORAGE_TYPE_DEVICE_ISO, kMicrosoft};
  return OpenVirtualDisk(&type, path.c_str(), access, OPEN_VIRTUAL_DISK_FLAG_NONE, nullptr, disk.out());
}

DWORD findPhysicalPath(HANDLE disk, std::wstring& path) {
  std::vector<wchar_t> text(kLongestPath);
  ULONG bytes = static_cast<ULONG>(text.size() * sizeof(wchar_t));
  const DWORD code = GetVirtualDiskPhysicalPath(disk, &bytes, text.data());
  if (code == ERROR_SUCCESS) path = text.data();
  return code;
}

// attach(path): the physical path, such as \\.\CDROM1. The system keeps the disk until it is detached.
napi_value attach(napi_env env, napi_callback_info info) {
  const std::wstring path = readArgument(env, info);
  Handle disk;
  const auto access =
      static_cast<VIRTUAL_DISK_ACCESS_MASK>(VIRTUAL_DISK_ACCESS_ATTACH_RO | VIRTUAL_DISK_ACCESS_GET_INFO);
  if (const DWORD code = openDisk(path, access, disk)) return throwSystemError(env, "OpenVirtualDisk", code);
  const auto flags = static_cast<ATTACH_VIRTUAL_DISK_FLAG>(ATTACH_VIRTUAL_DISK_FLAG_READ_ONLY |
                                                           ATTACH_VIRTUAL_DISK_FLAG_PERMANENT_LIFETIME);
  if (const DWORD code = AttachVirtualDisk(disk.get(), nullptr, flags, 0, nullptr, nullptr))
    return throwSystemError(env, "AttachVirtualDisk", code);
  std::wstring physical;
  if (const DWORD code = findPhysicalPath(disk.get(), physical)) {
    DetachVirtualDisk(disk.get(), DETACH_VIRTUAL_DISK_FLAG_NONE, 0);
    return throwSystemError(env, "GetVirtualDiskPhysicalPath", code);
  }
  return toString(env, physical);
}

// detach(path)
napi_value detach(napi_env env, napi_callback_info info) {
  const std::wstring path = readArgument(env, info);
  Handle disk;
  if (const DWORD code = openDisk(path, VIRTUAL_DISK_ACCESS_DETACH, disk))
    return throwSystemError(env, "OpenVirtualDisk", code);
  if (const DWORD code = DetachVirtualDisk(disk.get(), DETACH_VIRTUAL_DISK_FLAG_NONE, 0))
    return throwSystemError(env, "DetachVirtualDisk", code);
  return nullptr;
}

bool readDeviceNumber(const std::wstring& device, STORAGE_DEVICE_NUMBER& number) {
  const Handle handle(CreateFileW(device.c_str(), 0, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_EXISTING, 0, nullptr));
  DWORD bytes = 0;
  return handle.isValid() && DeviceIoControl(handle.get(), IOCTL_STORAGE_GET_DEVICE_NUMBER, nullptr, 0, &number,
                                             sizeof number, &bytes, nullptr);
}

// findLetter(physicalPath): such as "E:", or an empty string while the system has given none.
napi_value findLetter(napi_env env, napi_callback_info info) {
  STORAGE_DEVICE_NUMBER wanted = {}, found = {};
  if (!readDeviceNumber(readArgument(env, info), wanted)) return toString(env, L"");
  const DWORD letters = GetLogicalDrives();
  for (int i = 0; i < 26; i += 1) {
    if ((letters & (1U << i)) == 0) continue;
    const std::wstring drive = {static_cast<wchar_t>(L'A' + i), L':'};
    if (!readDeviceNumber(L"\\\\.\\" + drive, found)) continue;
    if (found.DeviceType == wanted.DeviceType && found.DeviceNumber == wanted.DeviceNumber)
      return toString(env, drive);
  }
  return toString(env, L"");
}

// describeHost(path): attributes of the image's file (winnt.h), and whether it lies on another machine.
napi_value describeHost(napi_env env, napi_callback_info info) {
  const std::wstring path = readArgument(env, info);
  const DWORD attributes = GetFileAttributesW(path.c_str());
  if (attributes == INVALID_FILE_ATTRIBUTES) return throwSystemError(env, "GetFileAttributes", GetLastError());
  std::vector<wchar_t> root(kLongestPath);
  const bool isRemote = GetVolumePathNameW(path.c_str(), root.data(), static_cast<DWORD>(root.size())) &&
                        GetDriveTypeW(root.data()) == DRIVE_REMOTE;
  napi_value result = nullptr, number = nullptr, remote = nullptr;
  napi_create_object(env, &result);
  napi_create_uint32(env, attributes, &number);
  napi_set_named_property(env, result, "attributes", number);
  napi_get_boolean(env, isRemote, &remote);
  napi_set_named_property(env, result, "isRemote", remote);
  return result;
}

napi_value initialize(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"attach", nullptr, attach, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"detach", nullptr, detach, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"findLetter", nullptr, findLetter, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"describeHost", nullptr, describeHost, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}

}  // namespace

NAPI_MODULE(isodrive_windows, initialize)
