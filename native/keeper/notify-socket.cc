#include "notify-socket.hh"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "close-apart.hh"

namespace isodrive::keeper {
namespace {

constexpr size_t kMaxMessage = 4096;
/** Descriptors of one message; the kernel drops, and closes, those for which there is no room. */
constexpr size_t kMaxPassed = 16;

struct Message {
  char text[kMaxMessage + 1];
  pid_t sender = 0;
  int descriptors[kMaxPassed];
  size_t count = 0;
};

/**
 * Gives 0; EAGAIN when there is nothing more to receive now, another errno when there never will be. A message of no
 * bytes is no end, which anybody could feign who has inherited the other end: it comes with its sender (SO_PASSCRED).
 */
int take(int socket_fd, Message& message) {
  iovec data{message.text, kMaxMessage};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxPassed) + CMSG_SPACE(sizeof(ucred))];
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  ssize_t got = 0;
  do got = recvmsg(socket_fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got < 0) return errno;
  message.text[got] = '\0';
  bool has_sender = false;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET) continue;
    if (part->cmsg_type == SCM_RIGHTS) {
      message.count = std::min((part->cmsg_len - CMSG_LEN(0)) / sizeof(int), kMaxPassed);
      std::memcpy(message.descriptors, CMSG_DATA(part), message.count * sizeof(int));
    } else if (part->cmsg_type == SCM_CREDENTIALS) {
      ucred credentials;
      std::memcpy(&credentials, CMSG_DATA(part), sizeof(credentials));
      message.sender = credentials.pid;
      has_sender = true;
    }
  }
  return got > 0 || has_sender ? 0 : EPIPE;
}

/** Value of a variable, up to the end of its line; null when it is not there. */
const char* find_variable(const char* text, const char* name, size_t& length) {
  const size_t name_length = std::strlen(name);
  for (const char* line = text; *line != '\0';) {
    const size_t line_length = std::strcspn(line, "\n");
    if (line_length > name_length && std::strncmp(line, name, name_length) == 0 && line[name_length] == '=') {
      length = line_length - name_length - 1;
      return line + name_length + 1;
    }
    line += line_length;
    if (*line == '\n') line += 1;
  }
  return nullptr;
}

/** Leaves `path` as it is where the variable is not there, or too long. */
void copy_path(const char* text, const char* name, char (&path)[kMaxPath]) {
  size_t length = 0;
  const char* value = find_variable(text, name, length);
  if (value == nullptr || length >= kMaxPath) return;
  std::memcpy(path, value, length);
  path[length] = '\0';
}

bool is_set(const char* text, const char* name) {
  size_t length = 0;
  const char* value = find_variable(text, name, length);
  return value != nullptr && length == 1 && *value == '1';
}

}  // namespace

bool NotifySocket::open() {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return false;
  socket_ = UniqueFd(pair[0]);
  daemon_end_ = UniqueFd(pair[1]);
  const int on = 1;
  return setsockopt(socket_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0;
}

Notice NotifySocket::receive(pid_t daemon, DescriptorStore& store) {
  Notice notice;
  while (socket_.valid()) {
    Message message;
    const int error = take(socket_.get(), message);
    if (error == EAGAIN) break;
    if (error != 0) {
      socket_.reset();
      break;
    }
    size_t length = 0;
    const char* name = find_variable(message.text, "FDNAME", length);
    const bool is_trusted = message.sender == daemon;
    const bool is_kept = is_trusted && name != nullptr && is_set(message.text, "FDSTORE");
    for (size_t i = 0; i < message.count; ++i) {
      if (is_kept && i == 0) store.put(name, length, message.descriptors[i]);
      else close_apart(message.descriptors[i]);
    }
    if (!is_trusted) continue;
    if (name != nullptr && is_set(message.text, "FDSTOREREMOVE")) store.remove(name, length);
    copy_path(message.text, "EXECUTABLE", notice.executable);
    copy_path(message.text, "PROGRAM", notice.program);
    notice.is_ready = notice.is_ready || is_set(message.text, "READY");
    notice.is_stopping = notice.is_stopping || is_set(message.text, "STOPPING");
  }
  return notice;
}

}  // namespace isodrive::keeper
