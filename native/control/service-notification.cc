#include "service-notification.hh"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include "system-calls.hh"
#include "system/unique-fd.hh"

namespace isodrive {
namespace {

/** Descriptors in one message. */
constexpr uint32_t kMaxDescriptors = 4;

/**
 * Never waits: whoever receives may be stopped. `address`: none of a connected socket. 0, or the errno of what
 * failed.
 */
int send_message(int socket_fd, sockaddr_un* address, socklen_t length, const std::string& text, const int* descriptors,
                 uint32_t count) {
  iovec data{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxDescriptors)] = {};
  msghdr message{};
  message.msg_name = address;
  message.msg_namelen = length;
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
  do sent = sendmsg(socket_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

int send_to(const std::string& path, const std::string& text, const int* descriptors, uint32_t count) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty()) return EINVAL;
  if (path.size() >= sizeof(address.sun_path)) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.data(), path.size());
  // "@" stands for the NUL of a name in the abstract namespace.
  if (path.front() == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const UniqueFd socket_fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return socket_fd.valid() ? send_message(socket_fd.get(), &address, length, text, descriptors, count) : errno;
}

/** There is no room now, and may be later: in the socket, or for descriptors that are under way. */
bool is_full(int error) { return error == EAGAIN || error == ENOBUFS || error == ETOOMANYREFS; }

/** notify(socket, text, descriptors): a path or a descriptor; false when it is full. */
Napi::Value notify(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string text = info[1].As<Napi::String>().Utf8Value();
  const Napi::Array given = info[2].As<Napi::Array>();
  int descriptors[kMaxDescriptors] = {};
  const uint32_t count = given.Length();
  int error = count > kMaxDescriptors ? EINVAL : 0;
  for (uint32_t i = 0; error == 0 && i < count; ++i) {
    descriptors[i] = static_cast<Napi::Value>(given[i]).As<Napi::Number>().Int32Value();
  }
  if (error == 0) {
    error = info[0].IsNumber()
                ? send_message(info[0].As<Napi::Number>().Int32Value(), nullptr, 0, text, descriptors, count)
                : send_to(info[0].As<Napi::String>().Utf8Value(), text, descriptors, count);
  }
  if (error != 0 && !is_full(error)) make_system_error(env, "sendmsg", error).ThrowAsJavaScriptException();
  return Napi::Boolean::New(env, error == 0);
}

}  // namespace

void export_notify(Napi::Env env, Napi::Object exports) { exports.Set("notify", Napi::Function::New(env, notify)); }

}  // namespace isodrive
