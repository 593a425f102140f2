// Any messages to the keeper, with descriptors: what it keeps has valid names and open descriptors, and what it does
// not keep, it closes. Form of an input: options (u8), then messages, each with its size (u16), the number of
// descriptors (u8) and its bytes.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <set>
#include <string>

#include "fuzz-input.hh"
#include "keeper/close-apart.hh"
#include "keeper/notify-socket.hh"

namespace isodrive::fuzz {
namespace {

constexpr size_t kMaxMessages = 32;
constexpr size_t kMaxPassed = 20;
/** Milliseconds; descriptors are closed by threads of their own. */
constexpr int kPatience = 2000;
constexpr int kMaxTries = 30;

/** Each descriptor is the same end of a pipe, whose other end tells when all are closed. */
void send_message(int socket_fd, Bytes bytes, size_t count, int passed) {
  iovec data{const_cast<uint8_t*>(bytes.data), bytes.size};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxPassed)] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (count > 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    for (size_t i = 0; i < count; ++i) std::memcpy(CMSG_DATA(header) + i * sizeof(int), &passed, sizeof(int));
  }
  check(sendmsg(socket_fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0, "a message cannot be sent");
}

void check_store(const keeper::DescriptorStore& store) {
  std::set<std::string> names;
  std::set<int> descriptors;
  for (size_t i = 0; i < store.count(); ++i) {
    const std::string name = store.name(i);
    check(!name.empty() && name.size() < keeper::kMaxName && name.find(':') == std::string::npos,
          "the name of what is kept");
    check(fcntl(store.descriptor(i), F_GETFD) == FD_CLOEXEC, "what is kept is not open, or every program would get it");
    check(names.insert(name).second && descriptors.insert(store.descriptor(i)).second, "one thing is kept twice");
  }
}

/**
 * Whether all other ends of the pipe come to be closed. A machine without a thread to spare has each wait for the
 * next.
 */
bool is_closed(int watched) {
  pollfd end{watched, 0, 0};
  for (int i = 0; i < kMaxTries; ++i) {
    if (poll(&end, 1, kPatience) == 1) return (end.revents & POLLHUP) != 0;
    keeper::close_apart(open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  return false;
}

void run(FuzzInput input) {
  static keeper::DescriptorStore store;
  int pipe_ends[2];
  check(pipe2(pipe_ends, O_CLOEXEC) == 0, "no pipe");
  const UniqueFd watched(pipe_ends[0]);
  UniqueFd passed(pipe_ends[1]);
  keeper::NotifySocket socket;
  check(socket.open(), "no sockets");
  const bool is_daemons = input.number<uint8_t>() % 8 != 0;
  const pid_t daemon = is_daemons ? getpid() : 1;
  for (size_t i = 0; i < kMaxMessages && !input.is_empty(); ++i) {
    const size_t size = input.number<uint16_t>() % 6000;
    const size_t count = input.number<uint8_t>() % (kMaxPassed + 1);
    send_message(socket.daemon_end().get(), input.take(size), count, passed.get());
    const keeper::Notice notice = socket.receive(daemon, store);
    check(socket.descriptor() >= 0, "a message has made the keeper deaf");
    check(is_daemons || (store.count() == 0 && !notice.is_ready && !notice.is_stopping && notice.program[0] == '\0'),
          "a stranger is obeyed");
    check(std::strlen(notice.executable) < keeper::kMaxPath && std::strlen(notice.program) < keeper::kMaxPath,
          "the path of a successor");
    check_store(store);
  }
  socket.daemon_end().reset();
  socket.receive(daemon, store);
  check(socket.descriptor() < 0, "the end of the daemon went unseen");
  store.clear();
  passed.reset();
  check(is_closed(watched.get()), "a descriptor that nobody closes");
}

}  // namespace
}  // namespace isodrive::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  isodrive::fuzz::run({data, size});
  return 0;
}
