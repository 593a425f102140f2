#include "mount-watch.hh"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>

#include "node/js-call.hh"
#include "node/js-channel.hh"
#include "system-calls.hh"
#include "unique-fd.hh"
#include "worker-thread.hh"

namespace isodrive {
namespace {

/** A thread that sleeps until the mount table changes (POLLPRI, proc_pid_mounts(5)) or it is told to stop. */
class MountWatch {
 public:
  MountWatch(Napi::Env env, UniqueFd table, UniqueFd stop, Napi::Function on_change)
      : table_(std::move(table)),
        stop_(std::move(stop)),
        on_change_(Napi::Persistent(on_change)),
        channel_(JsChannel<Change>::open(env, "isodrive-mounts", [this](Napi::Env, Change&) {
          is_told_ = false;
          call_function(on_change_);
        })) {
    // Alone it is no reason for the process to stay.
    channel_->keep(false);
  }

  /** False when no thread can be had. */
  bool start() {
    return thread_.start([this] { run(); });
  }

  ~MountWatch() {
    const uint64_t one = 1;
    while (write(stop_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
    }
    thread_.join();
    channel_->close();
  }

 private:
  struct Change {};

  void run() {
    pollfd waits[] = {{table_.get(), POLLPRI, 0}, {stop_.get(), POLLIN, 0}};
    for (;;) {
      if (poll(waits, 2, -1) < 0 && errno != EINTR) return;
      if ((waits[1].revents & POLLIN) != 0) return;
      // JavaScript that is told already looks later than this.
      if ((waits[0].revents & (POLLPRI | POLLERR)) != 0 && !is_told_.exchange(true))
        channel_->send(std::make_unique<Change>());
    }
  }

  UniqueFd table_;
  UniqueFd stop_;
  Napi::FunctionReference on_change_;
  std::atomic<bool> is_told_{false};
  const std::shared_ptr<JsChannel<Change>> channel_;
  WorkerThread thread_;
};

using Holder = std::unique_ptr<MountWatch>;

/** watchMounts(onChange): gives a handle for unwatchMounts. */
Napi::Value watch_mounts(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  UniqueFd table(open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
  UniqueFd stop(table.valid() ? eventfd(0, EFD_CLOEXEC) : -1);
  if (!stop.valid()) {
    make_system_error(env, table.valid() ? "eventfd" : "open", errno).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  auto* holder =
      new Holder(std::make_unique<MountWatch>(env, std::move(table), std::move(stop), info[0].As<Napi::Function>()));
  if (!(*holder)->start()) {
    delete holder;
    make_system_error(env, "pthread_create", EAGAIN).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  return Napi::External<Holder>::New(env, holder, [](Napi::Env, Holder* owned) { delete owned; });
}

/** unwatchMounts(handle): no call of onChange begins after it; a second call does nothing. */
Napi::Value unwatch_mounts(const Napi::CallbackInfo& info) {
  info[0].As<Napi::External<Holder>>().Data()->reset();
  return info.Env().Undefined();
}

}  // namespace

void export_mount_watch(Napi::Env env, Napi::Object exports) {
  exports.Set("watchMounts", Napi::Function::New(env, watch_mounts));
  exports.Set("unwatchMounts", Napi::Function::New(env, unwatch_mounts));
}

}  // namespace isodrive
