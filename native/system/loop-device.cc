#include "loop-device.hh"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <string>

#include "system-calls.hh"
#include "unique-fd.hh"

namespace isodrive {
namespace {

/** Others may take the free device between our asking for one and our taking it. */
constexpr int MAX_ATTEMPTS = 64;

/** Takes a free loop device for a file, on libuv's pool. */
class AttachLoop : public Napi::AsyncWorker {
 public:
  AttachLoop(Napi::Env env, int file, uint32_t block_size)
      : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), file_(file), block_size_(block_size) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

  void Execute() override {
    const UniqueFd control(open("/dev/loop-control", O_RDWR | O_CLOEXEC));
    if (!control.valid()) return fail("open");
    for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const int number = ioctl(control.get(), LOOP_CTL_GET_FREE);
      if (number < 0) return fail("LOOP_CTL_GET_FREE");
      path_ = "/dev/loop" + std::to_string(number);
      UniqueFd device(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
      if (!device.valid()) return fail("open");
      loop_config config{};
      config.fd = static_cast<uint32_t>(file_);
      config.block_size = block_size_;
      // Autoclear: the device is free again when its last user, in the end the mount, closes it.
      config.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR;
      if (ioctl(device.get(), LOOP_CONFIGURE, &config) == 0) {
        device_ = std::move(device);
        return;
      }
      if (errno != EBUSY) return fail("LOOP_CONFIGURE");
    }
    errno = EBUSY;
    fail("LOOP_CONFIGURE");
  }

  void OnOK() override {
    if (errno_ != 0) {
      deferred_.Reject(make_system_error(Env(), syscall_, errno_).Value());
      return;
    }
    Napi::Object result = Napi::Object::New(Env());
    result.Set("path", path_);
    result.Set("descriptor", device_.release());
    deferred_.Resolve(result);
  }

 private:
  void fail(const char* syscall) {
    errno_ = errno;
    syscall_ = syscall;
  }

  Napi::Promise::Deferred deferred_;
  int file_;
  uint32_t block_size_;
  UniqueFd device_;
  std::string path_;
  const char* syscall_ = "";
  int errno_ = 0;
};

/**
 * attachLoop(file, blockSize), 0 for the kernel's own choice: the caller closes the descriptor, and keeps `file` open
 * until the promise
 * settles.
 */
Napi::Value attach_loop(const Napi::CallbackInfo& info) {
  auto* worker =
      new AttachLoop(info.Env(), info[0].As<Napi::Number>().Int32Value(), info[1].As<Napi::Number>().Uint32Value());
  const Napi::Promise promise = worker->promise();
  worker->Queue();
  return promise;
}

}  // namespace

void export_loop_device(Napi::Env env, Napi::Object exports) {
  exports.Set("attachLoop", Napi::Function::New(env, attach_loop));
}

}  // namespace isodrive
