// Virtual disks of images, by the system's own driver (virtdisk.h). A disk is attached with permanent lifetime: the
// system keeps it when the process that asked for it ends.
#include "calls.hh"

#include <initguid.h>
#include <virtdisk.h>

#include <vector>

namespace isodrive {
namespace {

/** VIRTUAL_STORAGE_TYPE_VENDOR_MICROSOFT (virtdisk.h). */
constexpr GUID kMicrosoft = {0xec984aec, 0xa0f9, 0x47e9, {0x90, 0x1f, 0x71, 0x41, 0x5a, 0x66, 0x34, 0x5b}};

DWORD open_disk(const std::wstring& path, int access, Handle& disk) {
  VIRTUAL_STORAGE_TYPE type = {VIRTUAL_STORAGE_TYPE_DEVICE_ISO, kMicrosoft};
  return OpenVirtualDisk(&type, path.c_str(), static_cast<VIRTUAL_DISK_ACCESS_MASK>(access),
                         OPEN_VIRTUAL_DISK_FLAG_NONE, nullptr, disk.out());
}

DWORD find_physical_path(const Handle& disk, std::wstring& path) {
  std::vector<wchar_t> text(kLongestPath);
  ULONG bytes = static_cast<ULONG>(text.size() * sizeof(wchar_t));
  const DWORD code = GetVirtualDiskPhysicalPath(disk.get(), &bytes, text.data());
  if (code == ERROR_SUCCESS) path = text.data();
  return code;
}

/** attach(path, withoutLetter): the physical path, such as \\.\CDROM1. */
Napi::Value attach(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::wstring path = wide_text(info[0]);
  Handle disk;
  if (const DWORD code = open_disk(path, VIRTUAL_DISK_ACCESS_ATTACH_RO | VIRTUAL_DISK_ACCESS_GET_INFO, disk))
    return throw_windows_error(env, "OpenVirtualDisk", code);
  int flags = ATTACH_VIRTUAL_DISK_FLAG_READ_ONLY | ATTACH_VIRTUAL_DISK_FLAG_PERMANENT_LIFETIME;
  if (info[1].ToBoolean()) flags |= ATTACH_VIRTUAL_DISK_FLAG_NO_DRIVE_LETTER;
  if (const DWORD code =
          AttachVirtualDisk(disk.get(), nullptr, static_cast<ATTACH_VIRTUAL_DISK_FLAG>(flags), 0, nullptr, nullptr))
    return throw_windows_error(env, "AttachVirtualDisk", code);
  std::wstring physical;
  if (const DWORD code = find_physical_path(disk, physical)) {
    DetachVirtualDisk(disk.get(), DETACH_VIRTUAL_DISK_FLAG_NONE, 0);
    return throw_windows_error(env, "GetVirtualDiskPhysicalPath", code);
  }
  return js_text(env, physical);
}

/** detach(path) */
Napi::Value detach(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Handle disk;
  if (const DWORD code = open_disk(wide_text(info[0]), VIRTUAL_DISK_ACCESS_DETACH, disk))
    return throw_windows_error(env, "OpenVirtualDisk", code);
  if (const DWORD code = DetachVirtualDisk(disk.get(), DETACH_VIRTUAL_DISK_FLAG_NONE, 0))
    return throw_windows_error(env, "DetachVirtualDisk", code);
  return env.Undefined();
}

/** findDevice(path): physical path of an image that is attached, by whomever; empty where it is not. */
Napi::Value find_device(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Handle disk;
  if (const DWORD code = open_disk(wide_text(info[0]), VIRTUAL_DISK_ACCESS_GET_INFO, disk))
    return throw_windows_error(env, "OpenVirtualDisk", code);
  std::wstring physical;
  // The only thing that can be wrong with a disk that was opened: it is not attached.
  if (find_physical_path(disk, physical) != ERROR_SUCCESS) physical.clear();
  return js_text(env, physical);
}

/** describeHost(path): attributes of the image's file (winnt.h), and whether it lies on another machine. */
Napi::Value describe_host(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::wstring path = wide_text(info[0]);
  const DWORD attributes = GetFileAttributesW(path.c_str());
  if (attributes == INVALID_FILE_ATTRIBUTES) return throw_windows_error(env, "GetFileAttributes", GetLastError());
  std::vector<wchar_t> root(kLongestPath);
  const bool is_remote = GetVolumePathNameW(path.c_str(), root.data(), static_cast<DWORD>(root.size())) &&
                         GetDriveTypeW(root.data()) == DRIVE_REMOTE;
  Napi::Object result = Napi::Object::New(env);
  result.Set("attributes", Napi::Number::New(env, attributes));
  result.Set("isRemote", Napi::Boolean::New(env, is_remote));
  return result;
}

}  // namespace

void export_virtual_disk(Napi::Env env, Napi::Object exports) {
  exports.Set("attach", Napi::Function::New(env, attach));
  exports.Set("detach", Napi::Function::New(env, detach));
  exports.Set("findDevice", Napi::Function::New(env, find_device));
  exports.Set("describeHost", Napi::Function::New(env, describe_host));
}

}  // namespace isodrive
