#include "service-notification.hh"

#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "passed-descriptors.hh"
#include "system-calls.hh"
#include "system/unique-fd.hh"

namespace isodrive {
namespace {

/** 0, or the errno of what failed. */
int send_message(int socket_fd, const std::string& text, const std::vector<int>& descriptors, Address address = {}) {
  const ssize_t sent =
      send_bytes_with(socket_fd, text.data(), text.size(), descriptors.data(), descriptors.size(), address);
  return sent < 0 ? errno : 0;
}

int send_to(const std::string& path, const std::string& text, const std::vector<int>& descriptors) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty()) return EINVAL;
  if (path.size() >= sizeof(address.sun_path)) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.data(), path.size());
  // "@" stands for the NUL of a name in the abstract namespace.
  if (path.front() == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const UniqueFd socket_fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket_fd.valid()) return errno;
  return send_message(socket_fd.get(), text, descriptors, {reinterpret_cast<const sockaddr*>(&address), length});
}

/** There is no room now, and may be later: in the socket, or for descriptors that are under way. */
bool is_full(int error) { return error == EAGAIN || error == ENOBUFS || error == ETOOMANYREFS; }

/** notify(socket, text, descriptors): a path or a descriptor; false when it is full. */
Napi::Value notify(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string text = info[1].As<Napi::String>().Utf8Value();
  const std::vector<int> descriptors = descriptors_in(info[2].As<Napi::Array>());
  const int error = info[0].IsNumber() ? send_message(info[0].As<Napi::Number>().Int32Value(), text, descriptors)
                                       : send_to(info[0].As<Napi::String>().Utf8Value(), text, descriptors);
  if (error != 0 && !is_full(error)) make_system_error(env, "sendmsg", error).ThrowAsJavaScriptException();
  return Napi::Boolean::New(env, error == 0);
}

}  // namespace

void export_notify(Napi::Env env, Napi::Object exports) { exports.Set("notify", Napi::Function::New(env, notify)); }

}  // namespace isodrive
