#include "inflate-blocks.hh"

#include <cstring>
#include <vector>

#include "zlib-inflate.hh"

namespace isodrive {
namespace {

/** Words of a block's place: where it starts, its bytes, where its content goes, and the bytes of that. */
constexpr size_t kPlaceWords = 4;

/** Runs in libuv's pool: it needs a processor, and never waits. */
class InflateBlocks : public Napi::AsyncWorker {
 public:
  InflateBlocks(Napi::Env env, Napi::Uint8Array stored, Napi::Uint32Array places, Napi::Uint8Array target, bool is_bare)
      : Napi::AsyncWorker(env),
        deferred_(Napi::Promise::Deferred::New(env)),
        stored_(stored.Data()),
        stored_size_(stored.ByteLength()),
        target_(target.Data()),
        target_size_(target.ByteLength()),
        places_(places.Data(), places.Data() + places.ElementLength() / kPlaceWords * kPlaceWords),
        done_(places_.size() / kPlaceWords, 0),
        is_bare_(is_bare) {
    held_stored_ = Napi::Persistent(stored.As<Napi::Object>());
    held_target_ = Napi::Persistent(target.As<Napi::Object>());
  }

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    ZlibInflate zlib(is_bare_);
    for (size_t i = 0; i < done_.size(); ++i) {
      const uint32_t* place = places_.data() + i * kPlaceWords;
      if (place[0] > stored_size_ || place[1] > stored_size_ - place[0]) return;
      if (place[2] > target_size_ || place[3] > target_size_ - place[2]) return;
      done_[i] = zlib.decode(stored_ + place[0], place[1], target_ + place[2], place[3]) ? 1 : 0;
    }
  }

  void OnOK() override {
    Napi::Uint8Array result = Napi::Uint8Array::New(Env(), done_.size());
    std::memcpy(result.Data(), done_.data(), done_.size());
    deferred_.Resolve(result);
  }

 private:
  Napi::Promise::Deferred deferred_;
  const uint8_t* stored_;
  const size_t stored_size_;
  uint8_t* target_;
  const size_t target_size_;
  const std::vector<uint32_t> places_;
  std::vector<uint8_t> done_;
  const bool is_bare_;
  Napi::ObjectReference held_stored_;
  Napi::ObjectReference held_target_;
};

/** inflateBlocks(stored, places, target, isBare). */
Napi::Value inflate_blocks(const Napi::CallbackInfo& info) {
  auto* work = new InflateBlocks(info.Env(), info[0].As<Napi::Uint8Array>(), info[1].As<Napi::Uint32Array>(),
                                 info[2].As<Napi::Uint8Array>(), info[3].As<Napi::Boolean>());
  const Napi::Promise promise = work->promise();
  work->Queue();
  return promise;
}

}  // namespace

void export_inflate_blocks(Napi::Env env, Napi::Object exports) {
  exports.Set("inflateBlocks", Napi::Function::New(env, inflate_blocks));
}

}  // namespace isodrive
