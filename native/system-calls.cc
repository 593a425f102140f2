#include "system-calls.hh"

#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <pthread.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "system/blocked-signals.hh"
#include "io/io-pool.hh"
#include "io/cached-read.hh"
#include "index/crash-note.hh"
#include "control/passed-descriptors.hh"

namespace isodrive {
namespace {

/** A call that belongs to no image, and may wait all the same: for the medium of a mount that is unmounted. */
class PlatformCall : public IoJob {
 public:
  PlatformCall(Napi::Env env, const char* syscall, std::function<int()> call)
      : IoJob(env, syscall), call_(std::move(call)) {}
  int run() override { return call_() == 0 ? 0 : errno; }

 private:
  std::function<int()> call_;
};

Napi::Value run(Napi::Env env, const char* syscall, std::function<int()> call) {
  return default_pool(env)->submit(std::make_unique<PlatformCall>(env, syscall, std::move(call)));
}

std::string string_argument(const Napi::CallbackInfo& info, size_t index) {
  return info[index].As<Napi::String>().Utf8Value();
}

int int_argument(const Napi::CallbackInfo& info, size_t index) { return info[index].As<Napi::Number>().Int32Value(); }

/** A path, or what is open as a descriptor: then whatever has its path by now. */
std::string target_argument(const Napi::CallbackInfo& info, size_t index) {
  return info[index].IsNumber() ? "/proc/self/fd/" + std::to_string(int_argument(info, index))
                                : string_argument(info, index);
}

/** mount(source, target, type, options): always read-only, nosuid and nodev. */
Napi::Value mount_call(const Napi::CallbackInfo& info) {
  return run(info.Env(), "mount",
             [source = string_argument(info, 0), target = target_argument(info, 1), type = string_argument(info, 2),
              options = string_argument(info, 3)] {
               return mount(source.c_str(), target.c_str(), type.c_str(), MS_RDONLY | MS_NOSUID | MS_NODEV,
                            options.c_str());
             });
}

/**
 * unmount(target, lazy); never follows a symlink put in the place of the mount point. Of a descriptor the kernel
 * unmounts what is mounted on top of the directory that it stands for (LOOKUP_MOUNTPOINT, fs/namei.c).
 */
Napi::Value unmount_call(const Napi::CallbackInfo& info) {
  const int nofollow = info[0].IsNumber() ? 0 : UMOUNT_NOFOLLOW;
  const int flags = nofollow | (info[1].As<Napi::Boolean>().Value() ? MNT_DETACH : 0);
  return run(info.Env(), "umount2",
             [target = target_argument(info, 0), flags] { return umount2(target.c_str(), flags); });
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
  uint8_t byte = 0;
  ReceivedBytes received = receive_bytes(int_argument(info, 0), &byte, 1);
  // All others are closed with `received`.
  if (received.length >= 0 && received.descriptors.size() == 1)
    return Napi::Number::New(env, received.descriptors[0].release());
  make_system_error(env, "recvmsg", received.length < 0 ? received.error : ENODATA).ThrowAsJavaScriptException();
  return env.Undefined();
}

/** dropCached(fd): the kernel lets go of the file's pages that are on the disk already. */
Napi::Value drop_cached(const Napi::CallbackInfo& info) {
  return run(info.Env(), "posix_fadvise", [fd = int_argument(info, 0)] {
    errno = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    return errno == 0 ? 0 : -1;
  });
}

/** preallocate(fd, bytes): room for so many bytes, which read as zeros. */
Napi::Value preallocate(const Napi::CallbackInfo& info) {
  const int64_t bytes = info[1].As<Napi::Number>().Int64Value();
  return run(info.Env(), "fallocate", [fd = int_argument(info, 0), bytes] { return fallocate(fd, 0, 0, bytes); });
}

/** lockFile(fd): this process alone, until the descriptor is closed; never waits. */
Napi::Value lock_file(const Napi::CallbackInfo& info) {
  const bool locked = flock(int_argument(info, 0), LOCK_EX | LOCK_NB) == 0;
  if (!locked && errno != EWOULDBLOCK) make_system_error(info.Env(), "flock", errno).ThrowAsJavaScriptException();
  return Napi::Boolean::New(info.Env(), locked);
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

/** Supplementary groups of the peer (SO_PEERGROUPS, Linux 4.13); none where the kernel cannot tell. */
Napi::Array peer_groups(Napi::Env env, int socket) {
  std::vector<gid_t> groups(64);
  socklen_t length = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  int result = getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length);
  if (result != 0 && errno == ERANGE) {
    groups.resize(length / sizeof(gid_t));
    result = getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length);
  }
  const uint32_t count = result == 0 ? length / sizeof(gid_t) : 0;
  Napi::Array list = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; ++i) list.Set(i, static_cast<double>(groups[i]));
  return list;
}

Napi::Value control_descriptor(const Napi::CallbackInfo& info, int command, int argument) {
  const Napi::Env env = info.Env();
  const int result = fcntl(int_argument(info, 0), command, argument);
  if (result >= 0) return Napi::Number::New(env, result);
  make_system_error(env, "fcntl", errno).ThrowAsJavaScriptException();
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
  result.Set("groups", peer_groups(env, int_argument(info, 0)));
  return result;
}

/** duplicateDescriptor(fd): a copy that programs we start do not get. */
Napi::Value duplicate_descriptor(const Napi::CallbackInfo& info) {
  return control_descriptor(info, F_DUPFD_CLOEXEC, 3);
}

/** markDescriptor(fd): as markDescriptor of index.ts says. */
Napi::Value mark_descriptor(const Napi::CallbackInfo& info) {
  const int descriptor = int_argument(info, 0);
  const int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_APPEND) != 0) {
    make_system_error(info.Env(), "fcntl", errno).ThrowAsJavaScriptException();
  }
  return info.Env().Undefined();
}

/** descriptorFlags(fd): how it was opened (F_GETFL). */
Napi::Value descriptor_flags(const Napi::CallbackInfo& info) { return control_descriptor(info, F_GETFL, 0); }

Napi::Value thread_number(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), gettid()); }

/** endProcess(code): without a look at threads that may never come back, as exit(3) would have. */
Napi::Value end_process(const Napi::CallbackInfo& info) { _exit(int_argument(info, 0)); }

Napi::Value trim_memory(const Napi::CallbackInfo& info) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return info.Env().Undefined();
}

/** noteCrashes(): of threads that work for a mount. */
Napi::Value note_crashes(const Napi::CallbackInfo& info) {
  take_crash_signals();
  return info.Env().Undefined();
}

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
  // NOLINTNEXTLINE(concurrency-mt-unsafe): of a number that a call has set; glibc and musl share nothing for those.
  Napi::Error error = Napi::Error::New(env, std::string(syscall) + ": " + std::strerror(number));
  error.Set("errno", Napi::Number::New(env, number));
  error.Set("syscall", Napi::String::New(env, syscall));
  return error;
}

/** blockSignals(isBlocked): of the calling thread, all but those that tell of a fault of its own. */
static Napi::Value block_signals(const Napi::CallbackInfo& info) {
  set_signals_blocked(info[0].As<Napi::Boolean>().Value());
  return info.Env().Undefined();
}

std::vector<int> descriptors_in(const Napi::Array& given) {
  std::vector<int> descriptors(given.Length());
  for (uint32_t i = 0; i < descriptors.size(); ++i)
    descriptors[i] = static_cast<Napi::Value>(given[i]).As<Napi::Number>().Int32Value();
  return descriptors;
}

void export_system_calls(Napi::Env env, Napi::Object exports) {
  exports.Set("mount", Napi::Function::New(env, mount_call));
  exports.Set("unmount", Napi::Function::New(env, unmount_call));
  exports.Set("dropCached", Napi::Function::New(env, drop_cached));
  exports.Set("preallocate", Napi::Function::New(env, preallocate));
  exports.Set("lockFile", Napi::Function::New(env, lock_file));
  exports.Set("createSocketPair", Napi::Function::New(env, create_socket_pair));
  exports.Set("receiveDescriptor", Napi::Function::New(env, receive_descriptor));
  exports.Set("readCached", Napi::Function::New(env, read_cached_bytes));
  exports.Set("endProcess", Napi::Function::New(env, end_process));
  exports.Set("trimMemory", Napi::Function::New(env, trim_memory));
  exports.Set("noteCrashes", Napi::Function::New(env, note_crashes));
  exports.Set("threadNumber", Napi::Function::New(env, thread_number));
  exports.Set("threadClock", Napi::Function::New(env, thread_clock));
  exports.Set("threadSeconds", Napi::Function::New(env, thread_seconds));
  exports.Set("blockSignals", Napi::Function::New(env, block_signals));
  exports.Set("setAttribute", Napi::Function::New(env, set_attribute));
  exports.Set("peerCredentials", Napi::Function::New(env, peer_credentials));
  exports.Set("markDescriptor", Napi::Function::New(env, mark_descriptor));
  exports.Set("duplicateDescriptor", Napi::Function::New(env, duplicate_descriptor));
  exports.Set("descriptorFlags", Napi::Function::New(env, descriptor_flags));
}

}  // namespace isodrive
