#include "platform.hh"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <string>

#include "cached-read.hh"
#include "unique-fd.hh"

namespace isodrive {
namespace {

/** Runs one blocking system call on libuv's pool and settles a promise with undefined or its error. */
class BlockingCall : public Napi::AsyncWorker {
 public:
  BlockingCall(Napi::Env env, const char* syscall, std::function<int()> call)
      : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), syscall_(syscall), call_(std::move(call)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }
  void Execute() override {
    if (call_() != 0) errno_ = errno;
  }
  void OnOK() override {
    if (errno_ == 0) deferred_.Resolve(Env().Undefined());
    else deferred_.Reject(make_system_error(Env(), syscall_, errno_).Value());
  }

 private:
  Napi::Promise::Deferred deferred_;
  const char* syscall_;
  std::function<int()> call_;
  int errno_ = 0;
};

Napi::Value run(Napi::Env env, const char* syscall, std::function<int()> call) {
  auto* worker = new BlockingCall(env, syscall, std::move(call));
  const Napi::Promise promise = worker->promise();
  worker->Queue();
  return promise;
}

std::string string_argument(const Napi::CallbackInfo& info, size_t index) {
  return info[index].As<Napi::String>().Utf8Value();
}

int int_argument(const Napi::CallbackInfo& info, size_t index) { return info[index].As<Napi::Number>().Int32Value(); }

/** mount(source, target, type, options): always read-only, nosuid and nodev. */
Napi::Value mount_call(const Napi::CallbackInfo& info) {
  return run(info.Env(), "mount",
             [source = string_argument(info, 0), target = string_argument(info, 1), type = string_argument(info, 2),
              options = string_argument(info, 3)] {
               return mount(source.c_str(), target.c_str(), type.c_str(), MS_RDONLY | MS_NOSUID | MS_NODEV, options.c_str());
             });
}

/** unmount(target, lazy); never follows a symlink put in the place of the mount point. */
Napi::Value unmount_call(const Napi::CallbackInfo& info) {
  const int flags = UMOUNT_NOFOLLOW | (info[1].As<Napi::Boolean>().Value() ? MNT_DETACH : 0);
  return run(info.Env(), "umount2", [target = string_argument(info, 0), flags] { return umount2(target.c_str(), flags); });
}

Napi::Value create_socket_pair(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    make_system_error(env, "socketpair", errno).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Napi::Array result = Napi::Array::New(env, 2);
  result.Set(0U, pair[0]);
  result.Set(1U, pair[1]);
  return result;
}

/** receiveDescriptor(socket): takes a descriptor that was sent already (SCM_RIGHTS); never waits. */
Napi::Value receive_descriptor(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  const ssize_t got = recvmsg(int_argument(info, 0), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  const cmsghdr* header = got < 0 ? nullptr : CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int))) {
    make_system_error(env, "recvmsg", got < 0 ? errno : ENODATA).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
  return Napi::Number::New(env, fd);
}

/** readCached(fd, target, position): never waits, never throws. */
Napi::Value read_cached_bytes(const Napi::CallbackInfo& info) {
  Napi::Uint8Array target = info[1].As<Napi::Uint8Array>();
  const auto offset = static_cast<uint64_t>(info[2].As<Napi::Number>().Int64Value());
  const bool done = read_cached(int_argument(info, 0), target.Data(), target.ByteLength(), offset);
  return Napi::Boolean::New(info.Env(), done);
}

/** setAttribute(fd, name, value): an extended attribute of an open file or directory. */
Napi::Value set_attribute(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Uint8Array value = info[2].As<Napi::Uint8Array>();
  const std::string name = string_argument(info, 1);
  if (fsetxattr(int_argument(info, 0), name.c_str(), value.Data(), value.ByteLength(), 0) != 0) {
    make_system_error(env, "fsetxattr", errno).ThrowAsJavaScriptException();
  }
  return env.Undefined();
}

Napi::Value peer_credentials(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  ucred credentials{};
  socklen_t length = sizeof(credentials);
  if (getsockopt(int_argument(info, 0), SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
    make_system_error(env, "getsockopt", errno).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("pid", static_cast<double>(credentials.pid));
  result.Set("uid", static_cast<double>(credentials.uid));
  result.Set("gid", static_cast<double>(credentials.gid));
  return result;
}

}  // namespace

Napi::Error make_system_error(Napi::Env env, const char* syscall, int number) {
  Napi::Error error = Napi::Error::New(env, std::string(syscall) + ": " + std::strerror(number));
  error.Set("errno", Napi::Number::New(env, number));
  error.Set("syscall", Napi::String::New(env, syscall));
  return error;
}

void export_platform(Napi::Env env, Napi::Object exports) {
  exports.Set("mount", Napi::Function::New(env, mount_call));
  exports.Set("unmount", Napi::Function::New(env, unmount_call));
  exports.Set("createSocketPair", Napi::Function::New(env, create_socket_pair));
  exports.Set("receiveDescriptor", Napi::Function::New(env, receive_descriptor));
  exports.Set("readCached", Napi::Function::New(env, read_cached_bytes));
  exports.Set("setAttribute", Napi::Function::New(env, set_attribute));
  exports.Set("peerCredentials", Napi::Function::New(env, peer_credentials));
}

}  // namespace isodrive
