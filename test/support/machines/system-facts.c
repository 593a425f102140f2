// What the system says of pipes and letters, past our own code. `show PIPE` prints who owns it and who may connect,
// as the system writes it (sddl.h); `serve PIPE LIST` makes one with that owner and list, says so, and serves until
// it is ended; `target LETTER` prints what a drive letter stands for, and `define LETTER TARGET` gives one, or takes
// it back from "-".
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <aclapi.h>
#include <sddl.h>

int main(int count, char** words) {
  if (count == 3 && strcmp(words[1], "show") == 0) {
    HANDLE pipe = CreateFileA(words[2], READ_CONTROL, 0, NULL, OPEN_EXISTING, 0, NULL);
    PSECURITY_DESCRIPTOR descriptor = NULL;
    char* text = NULL;
    const SECURITY_INFORMATION what = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    if (pipe == INVALID_HANDLE_VALUE) return 2;
    if (GetSecurityInfo(pipe, SE_KERNEL_OBJECT, what, NULL, NULL, NULL, NULL, &descriptor) != 0) return 3;
    if (!ConvertSecurityDescriptorToStringSecurityDescriptorA(descriptor, SDDL_REVISION_1, what, &text, NULL)) return 4;
    printf("%s\n", text);
    return 0;
  }
  if (count == 4 && strcmp(words[1], "serve") == 0) {
    SECURITY_ATTRIBUTES attributes = {sizeof attributes, NULL, FALSE};
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorA(words[3], SDDL_REVISION_1,
                                                              &attributes.lpSecurityDescriptor, NULL))
      return 5;
    for (;;) {
      HANDLE pipe = CreateNamedPipeA(words[2], PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, PIPE_UNLIMITED_INSTANCES, 4096, 4096,
                                     0, &attributes);
      if (pipe == INVALID_HANDLE_VALUE) return 6;
      puts("serving");
      fflush(stdout);
      if (!ConnectNamedPipe(pipe, NULL) && GetLastError() != ERROR_PIPE_CONNECTED) return 7;
      CloseHandle(pipe);
    }
  }
  if (count == 3 && strcmp(words[1], "target") == 0) {
    char target[MAX_PATH] = "";
    QueryDosDeviceA(words[2], target, sizeof target);
    puts(target);
    return 0;
  }
  if (count == 4 && strcmp(words[1], "define") == 0) {
    if (strcmp(words[3], "-") == 0) return DefineDosDeviceA(DDD_REMOVE_DEFINITION, words[2], NULL) ? 0 : 8;
    return DefineDosDeviceA(DDD_RAW_TARGET_PATH, words[2], words[3]) ? 0 : 9;
  }
  return 1;
}
