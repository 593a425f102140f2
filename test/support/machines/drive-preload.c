// Stands in for the kernel's driver of an optical drive, where this machine has none: the file ISODRIVE_DRIVE_DEVICE
// takes the ioctls of a drive (linux/cdrom.h, scsi/sg.h) once this library is preloaded. Each goes to the socket
// ISODRIVE_DRIVE_SOCKET (test/support/fakes/ioctl-drive.ts), where the drive itself is.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <scsi/sg.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { kMaxCommand = 16, kCdromGroup = 0x53 };

struct request {
  /** Number of the ioctl. */
  uint32_t number;
  /** Its argument, or the bytes that a command may give. */
  uint32_t argument;
  unsigned char command[kMaxCommand];
};

struct reply {
  /** Status of a command; else what the ioctl gives, negative for an errno. */
  int32_t result;
  uint32_t sense;
  uint32_t data;
};

static int is_drive(int fd) {
  const char* path = getenv("ISODRIVE_DRIVE_DEVICE");
  struct stat device, opened;
  return path != NULL && stat(path, &device) == 0 && fstat(fd, &opened) == 0 && device.st_dev == opened.st_dev &&
         device.st_ino == opened.st_ino;
}

static int ask(const struct request* request) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char* path = getenv("ISODRIVE_DRIVE_SOCKET");
  if (path == NULL || strlen(path) >= sizeof address.sun_path) return -1;
  strcpy(address.sun_path, path);
  const int channel = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (channel < 0) return -1;
  if (connect(channel, (struct sockaddr*)&address, sizeof address) == 0 &&
      send(channel, request, sizeof *request, MSG_NOSIGNAL) == sizeof *request)
    return channel;
  close(channel);
  return -1;
}

/** The drive gives no more than was asked for; sense data of which there is no room are the last that come. */
static void take(int channel, void* target, size_t bytes, size_t room) {
  if (bytes > room) bytes = room;
  if (bytes > 0 && recv(channel, target, bytes, MSG_WAITALL) != (ssize_t)bytes) abort();
}

int ioctl(int fd, unsigned long number, ...) {
  va_list list;
  va_start(list, number);
  void* argument = va_arg(list, void*);
  va_end(list);
  const int is_command = number == SG_IO;
  if ((!is_command && number >> 8 != kCdromGroup) || !is_drive(fd)) {
    int (*next)(int, unsigned long, ...) = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
    return next(fd, number, argument);
  }
  sg_io_hdr_t* header = argument;
  struct request request = {.number = htonl(number), .argument = htonl((uint32_t)(uintptr_t)argument)};
  if (is_command) {
    request.argument = htonl(header->dxfer_len);
    memcpy(request.command, header->cmdp, header->cmd_len < kMaxCommand ? header->cmd_len : kMaxCommand);
  }
  const int channel = ask(&request);
  struct reply reply;
  if (channel < 0 || recv(channel, &reply, sizeof reply, MSG_WAITALL) != sizeof reply) {
    if (channel >= 0) close(channel);
    errno = ENXIO;
    return -1;
  }
  const int32_t result = (int32_t)ntohl((uint32_t)reply.result);
  if (is_command) {
    take(channel, header->sbp, ntohl(reply.sense), header->mx_sb_len);
    take(channel, header->dxferp, ntohl(reply.data), header->dxfer_len);
    header->status = (unsigned char)result;
    header->masked_status = header->status >> 1;
    header->host_status = header->driver_status = 0;
    header->sb_len_wr = (unsigned char)ntohl(reply.sense);
    header->resid = (int)(header->dxfer_len - ntohl(reply.data));
  }
  close(channel);
  if (is_command) return 0;
  if (result < 0) errno = -result;
  return result < 0 ? -1 : result;
}
