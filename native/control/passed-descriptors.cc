#include "passed-descriptors.hh"

#include <cerrno>
#include <cstring>

namespace isodrive {

ReceivedBytes receive_bytes(int socket, uint8_t* buffer, size_t room) {
  ReceivedBytes result{0, 0, {}, false};
  iovec data{buffer, room};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxPassedDescriptors)];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  do result.length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  while (result.length < 0 && errno == EINTR);
  if (result.length < 0) {
    result.error = errno;
    return result;
  }
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(fd));
      result.descriptors.emplace_back(fd);
    }
  }
  result.is_cut = (message.msg_flags & MSG_CTRUNC) != 0;
  return result;
}

ssize_t send_bytes_with(int socket, const void* bytes, size_t length, const int* descriptors, size_t count,
                        Address address) {
  if (count > kMaxPassedDescriptors) {
    errno = EINVAL;
    return -1;
  }
  iovec data{const_cast<void*>(bytes), length};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxPassedDescriptors)] = {};
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(address.place);
  message.msg_namelen = address.length;
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (count > 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    std::memcpy(CMSG_DATA(header), descriptors, sizeof(int) * count);
  }
  ssize_t sent = 0;
  do sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  return sent;
}

}  // namespace isodrive
