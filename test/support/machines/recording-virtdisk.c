// Stands in for Windows' own virtdisk.dll, whose functions Wine has as stubs only. What it knows lies in the folder
// ISODRIVE_RECORD, where the test and every process meet: `calls`, a line each; `fail`, the call that fails, as
// NAME=CODE; `device`, the device of every disk; `attached-NAME`, there while the image NAME is attached.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <initguid.h>
#include <virtdisk.h>

struct disk {
  char name[MAX_PATH];
};

static void path_of(char* path, const char* kind, const char* name) {
  char folder[MAX_PATH] = "";
  GetEnvironmentVariableA("ISODRIVE_RECORD", folder, sizeof folder);
  snprintf(path, 2 * MAX_PATH, "%s\\%s%s", folder, kind, name);
}

static void read_file(const char* kind, char* text, int size) {
  char path[2 * MAX_PATH];
  path_of(path, kind, "");
  FILE* file = fopen(path, "r");
  text[0] = 0;
  if (file == NULL) return;
  if (fgets(text, size, file) != NULL) text[strcspn(text, "\r\n")] = 0;
  fclose(file);
}

static DWORD record(const char* call, const char* details) {
  char failing[64], path[2 * MAX_PATH];
  path_of(path, "calls", "");
  FILE* file = fopen(path, "a");
  if (file != NULL) {
    fprintf(file, "%s %s\n", call, details);
    fclose(file);
  }
  read_file("fail", failing, sizeof failing);
  const size_t length = strlen(call);
  return strncmp(failing, call, length) == 0 && failing[length] == '=' ? (DWORD)atoi(failing + length + 1) : 0;
}

static BOOL is_attached(HANDLE handle, char* path) {
  path_of(path, "attached-", ((struct disk*)handle)->name);
  return GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES;
}

DWORD WINAPI OpenVirtualDisk(PVIRTUAL_STORAGE_TYPE type, PCWSTR path, VIRTUAL_DISK_ACCESS_MASK access,
                             OPEN_VIRTUAL_DISK_FLAG flags, POPEN_VIRTUAL_DISK_PARAMETERS parameters, PHANDLE handle) {
  char details[600];
  const wchar_t* name = wcsrchr(path, L'\\');
  snprintf(details, sizeof details, "device=%lu vendor=%08lx access=%lx flags=%x name=%ls", type->DeviceId,
           type->VendorId.Data1, (unsigned long)access, flags, name == NULL ? path : name + 1);
  const DWORD code = record("OpenVirtualDisk", details);
  if (code != 0) return code;
  // CloseHandle refuses what is no handle, which nobody minds; a disk of a few hundred bytes stays behind.
  struct disk* disk = malloc(sizeof *disk);
  snprintf(disk->name, sizeof disk->name, "%ls", name == NULL ? path : name + 1);
  *handle = disk;
  return 0;
}

DWORD WINAPI AttachVirtualDisk(HANDLE handle, PSECURITY_DESCRIPTOR descriptor, ATTACH_VIRTUAL_DISK_FLAG flags,
                               ULONG providerFlags, PATTACH_VIRTUAL_DISK_PARAMETERS parameters,
                               LPOVERLAPPED overlapped) {
  char details[100], path[2 * MAX_PATH];
  snprintf(details, sizeof details, "flags=%x", flags);
  const DWORD code = record("AttachVirtualDisk", details);
  if (code != 0) return code;
  if (is_attached(handle, path)) return ERROR_SHARING_VIOLATION;
  CloseHandle(CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL));
  return 0;
}

DWORD WINAPI DetachVirtualDisk(HANDLE handle, DETACH_VIRTUAL_DISK_FLAG flags, ULONG providerFlags) {
  char path[2 * MAX_PATH];
  const DWORD code = record("DetachVirtualDisk", "");
  if (code != 0) return code;
  if (!is_attached(handle, path)) return ERROR_NOT_FOUND;
  DeleteFileA(path);
  return 0;
}

DWORD WINAPI GetVirtualDiskPhysicalPath(HANDLE handle, PULONG bytes, PWSTR path) {
  char device[MAX_PATH], file[2 * MAX_PATH];
  const DWORD code = record("GetVirtualDiskPhysicalPath", "");
  if (code != 0) return code;
  if (!is_attached(handle, file)) return ERROR_DEV_NOT_EXIST;
  read_file("device", device, sizeof device);
  MultiByteToWideChar(CP_UTF8, 0, device, -1, path, *bytes / sizeof(WCHAR));
  return 0;
}
