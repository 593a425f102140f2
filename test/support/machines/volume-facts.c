// What Windows programs see of a drive: type, label, serial number and file system, as one line, and then a file of it.
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <windows.h>

int main(int count, char** words) {
  char label[261] = "", system[261] = "", root[] = "?:\\", path[300];
  DWORD serial = 0, longest, flags, got = 0;
  char content[4096];
  if (count < 3) return 2;
  _setmode(_fileno(stdout), _O_BINARY);
  root[0] = words[1][0];
  UINT type = GetDriveTypeA(root);
  BOOL known = GetVolumeInformationA(root, label, 261, &serial, &longest, &flags, system, 261);
  printf("type %u known %d label %s serial %08lX system %s\n", type, known, label, serial, system);
  snprintf(path, sizeof path, "%s%s", root, words[2]);
  HANDLE file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
  if (file == INVALID_HANDLE_VALUE || !ReadFile(file, content, sizeof content, &got, NULL)) return 1;
  fwrite(content, 1, got, stdout);
  return 7;
}
