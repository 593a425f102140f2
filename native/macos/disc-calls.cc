// Requests to an open disc. All may wait for the drive, so they run on libuv's pool and give promises.
#include "calls.hh"
#include "disc-ioctls.hh"

#include <cerrno>
#include <cstring>

namespace isodrive {
namespace {

/** Bytes that one call may ask for: far more than any does. */
constexpr size_t kLargestBuffer = 1024 * 1024;
constexpr uint32_t kUserBytes = 2048;
constexpr uint32_t kWholeBytes = 2352;

enum class Call { kReadUser, kReadWhole, kReadToc, kCountBlocks, kSetSpeedOfCd, kSetSpeedOfDvd, kSetSpeedOfBd, kEject };

/** By the number that is their value. */
constexpr const char* kCalls[] = {"readUser",     "readWhole",     "readToc",      "countBlocks",
                                  "setSpeedOfCd", "setSpeedOfDvd", "setSpeedOfBd", "eject"};

class DiscCall : public Napi::AsyncWorker {
 public:
  DiscCall(Napi::Env env, int file, Call call, int64_t argument, Napi::Uint8Array target)
      : Napi::AsyncWorker(env),
        deferred_(Napi::Promise::Deferred::New(env)),
        file_(file),
        call_(call),
        argument_(argument),
        target_(Napi::Persistent(target.As<Napi::Object>())),
        bytes_(target.Data()),
        length_(static_cast<uint32_t>(target.ByteLength())) {}

  Napi::Promise start() {
    const Napi::Promise promise = deferred_.Promise();
    Queue();
    return promise;
  }

  void Execute() override {
    switch (call_) {
      case Call::kReadUser:
        return read_sectors(kUserBytes, kUserData, kMode1);
      case Call::kReadWhole:
        return read_sectors(kWholeBytes, kWholeSector, kAnyType);
      case Call::kReadToc:
        return read_toc();
      case Call::kCountBlocks:
        return count_blocks();
      case Call::kSetSpeedOfCd:
        return set_speed(kCdSetSpeed);
      case Call::kSetSpeedOfDvd:
        return set_speed(kDvdSetSpeed);
      case Call::kSetSpeedOfBd:
        return set_speed(kBdSetSpeed);
      case Call::kEject:
        request(kEject, nullptr);
    }
  }

  void OnOK() override {
    const char* name = kCalls[static_cast<size_t>(call_)];
    if (errno_ == 0) return deferred_.Resolve(Napi::Number::New(Env(), static_cast<double>(result_)));
    Napi::Error error = Napi::Error::New(Env(), std::strerror(errno_));
    error.Set("errno", Napi::Number::New(Env(), errno_));
    error.Set("syscall", Napi::String::New(Env(), name));
    deferred_.Reject(error.Value());
  }

 private:
  bool request(unsigned long number, void* data) {
    if (ioctl(file_, number, data) == 0) return true;
    errno_ = errno;
    return false;
  }

  void read_sectors(uint32_t sector_bytes, uint8_t area, uint8_t type) {
    CdRead read = {};
    read.offset = static_cast<uint64_t>(argument_) * sector_bytes;
    read.area = area;
    read.type = type;
    read.length = length_;
    read.buffer = bytes_;
    if (request(kCdRead, &read)) result_ = read.length;
  }

  void read_toc() {
    CdReadToc read = {};
    read.format = kFullToc;
    read.as_time = 1;
    read.length = static_cast<uint16_t>(length_ < UINT16_MAX ? length_ : UINT16_MAX);
    read.buffer = bytes_;
    if (request(kCdReadToc, &read)) result_ = read.length;
  }

  void count_blocks() {
    uint64_t blocks = 0;
    if (request(kGetBlockCount, &blocks)) result_ = static_cast<int64_t>(blocks);
  }

  void set_speed(unsigned long number) {
    auto speed = static_cast<uint16_t>(argument_);
    request(number, &speed);
  }

  Napi::Promise::Deferred deferred_;
  int file_;
  Call call_;
  int64_t argument_;
  /** Keeps the memory that the kernel writes to. */
  Napi::ObjectReference target_;
  unsigned char* bytes_;
  uint32_t length_;
  int64_t result_ = 0;
  int errno_ = 0;
};

/** discCall(file, call, argument, target) */
Napi::Value disc_call(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto target = info[3].As<Napi::Uint8Array>();
  char name[16] = "";
  size_t length = 0;
  napi_get_value_string_utf8(env, info[1], name, sizeof name, &length);
  for (size_t i = 0; i < std::size(kCalls) && target.ByteLength() <= kLargestBuffer; i++) {
    if (std::strcmp(name, kCalls[i]) != 0) continue;
    return (new DiscCall(env, info[0].As<Napi::Number>().Int32Value(), static_cast<Call>(i),
                         info[2].As<Napi::Number>().Int64Value(), target))
        ->start();
  }
  Napi::TypeError::New(env, "Unknown call, or too large a buffer").ThrowAsJavaScriptException();
  return env.Undefined();
}

}  // namespace

void export_disc_calls(Napi::Env env, Napi::Object exports) {
  exports.Set("discCall", Napi::Function::New(env, disc_call));
}

}  // namespace isodrive
