// Stands in for Windows' own virtdisk.dll, whose functions Wine has as stubs only: writes each call to the file named by
// ISODRIVE_RECORD, and fails the one that ISODRIVE_FAIL names, as NAME=CODE. The disk is the drive ISODRIVE_DEVICE.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <initguid.h>
#include <virtdisk.h>

static DWORD record(const char* call, const char* details) {
  char failing[64] = "", path[MAX_PATH] = "";
  GetEnvironmentVariableA("ISODRIVE_RECORD", path, sizeof path);
  FILE* file = fopen(path, "a");
  if (file != NULL) {
    fprintf(file, "%s %s\n", call, details);
    fclose(file);
  }
  GetEnvironmentVariableA("ISODRIVE_FAIL", failing, sizeof failing);
  const size_t length = strlen(call);
  return strncmp(failing, call, length) == 0 && failing[length] == '=' ? (DWORD)atoi(failing + length + 1) : 0;
}

DWORD WINAPI OpenVirtualDisk(PVIRTUAL_STORAGE_TYPE type, PCWSTR path, VIRTUAL_DISK_ACCESS_MASK access,
                             OPEN_VIRTUAL_DISK_FLAG flags, POPEN_VIRTUAL_DISK_PARAMETERS parameters, PHANDLE handle) {
  char details[600];
  const wchar_t* name = wcsrchr(path, L'\\');
  snprintf(details, sizeof details, "device=%lu vendor=%08lx access=%lx flags=%x name=%ls", type->DeviceId,
           type->VendorId.Data1, (unsigned long)access, flags, name == NULL ? path : name + 1);
  const DWORD code = record("OpenVirtualDisk", details);
  if (code == 0) *handle = CreateEventA(NULL, FALSE, FALSE, NULL);
  return code;
}

DWORD WINAPI AttachVirtualDisk(HANDLE handle, PSECURITY_DESCRIPTOR descriptor, ATTACH_VIRTUAL_DISK_FLAG flags,
                               ULONG providerFlags, PATTACH_VIRTUAL_DISK_PARAMETERS parameters, LPOVERLAPPED overlapped) {
  char details[100];
  snprintf(details, sizeof details, "flags=%x", flags);
  return record("AttachVirtualDisk", details);
}

DWORD WINAPI DetachVirtualDisk(HANDLE handle, DETACH_VIRTUAL_DISK_FLAG flags, ULONG providerFlags) {
  return record("DetachVirtualDisk", "");
}

DWORD WINAPI GetVirtualDiskPhysicalPath(HANDLE handle, PULONG bytes, PWSTR path) {
  const DWORD code = record("GetVirtualDiskPhysicalPath", "");
  if (code == 0 && GetEnvironmentVariableW(L"ISODRIVE_DEVICE", path, *bytes / sizeof(WCHAR)) == 0) return ERROR_NOT_FOUND;
  return code;
}
