#include "platform.hh"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <string>

#include "blocking-lane.hh"
#include "cached-read.hh"
#include "unique-fd.hh"

namespace isodrive {
namespace {

/** A call that belongs to no image, and may wait all the same: for the medium of a mount that is unmounted. */
class PlatformCall : public LaneJob {
 public:
  PlatformCall(Napi::Env env, const char* syscall, std::function<int()> call) : LaneJob(env, syscall), call_(std::move(call)) {}
  int run() override { return call_() == 0 ? 0 : errno; }

 private:
  std::function<int()> call_;
};

Napi::Value run(Napi::Env env, const char* syscall, std::function<int()> call) {
  return default_lane(env)->submit(std::make_unique<PlatformCall>(env, syscall, std::move(call)));
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

Napi::Value thread_number(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), gettid()); }

/** threadClock(): the processor time of the calling thread, for threadSeconds in any other. */
Napi::Value thread_clock(const Napi::CallbackInfo& info) {
  clockid_t clock = 0;
  const int error = pthread_getcpuclockid(pthread_self(), &clock);
  if (error == 0) return Napi::Number::New(info.Env(), clock);
  make_system_error(info.Env(), "pthread_getcpuclockid", error).ThrowAsJavaScriptException();
  return info.Env().Undefined();
}

/** threadSeconds(clock): undefined once the thread has ended. */
Napi::Value thread_seconds(const Napi::CallbackInfo& info) {
  timespec time{};
  if (clock_gettime(int_argument(info, 0), &time) != 0) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9);
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
  exports.Set("threadNumber", Napi::Function::New(env, thread_number));
  exports.Set("threadClock", Napi::Function::New(env, thread_clock));
  exports.Set("threadSeconds", Napi::Function::New(env, thread_seconds));
  exports.Set("peerCredentials", Napi::Function::New(env, peer_credentials));
}

}  // namespace isodrive
