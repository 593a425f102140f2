#include "region-calls.hh"

#include <cerrno>
#include <utility>

#include "crash-note.hh"
#include "system-calls.hh"
#include "node/object-registry.hh"

namespace isodrive {
namespace {

/** Never destroyed: threads may outlive the end of `main`. */
Registry<IndexRegion>& regions() {
  static auto* registry = new Registry<IndexRegion>();
  return *registry;
}

using Held = std::shared_ptr<IndexRegion>;

/** A thread's share of a region: its own ArrayBuffer on the common mapping. */
struct Share {
  std::shared_ptr<IndexRegion> region;
  Napi::Reference<Napi::ArrayBuffer> buffer;
};

Napi::Value wrap(Napi::Env env, const char* syscall, std::shared_ptr<IndexRegion> region) {
  if (region == nullptr) {
    make_system_error(env, syscall, errno).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  // The buffer itself holds the region: views of it may outlive the handle.
  const Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(
      env, region->data(), region->size(), [](Napi::Env, void*, Held* held) { delete held; }, new Held(region));
  auto* share = new Share{std::move(region), Napi::Weak(buffer)};
  Napi::Object result = Napi::Object::New(env);
  result.Set("buffer", buffer);
  result.Set("handle", Napi::External<Share>::New(env, share, [](Napi::Env, Share* owned) { delete owned; }));
  return result;
}

Share& share_of(const Napi::Value& handle) { return *handle.As<Napi::External<Share>>().Data(); }

size_t bytes_of(const Napi::CallbackInfo& info, size_t index) {
  return static_cast<size_t>(info[index].As<Napi::Number>().Int64Value());
}

Napi::Value allocate_region(const Napi::CallbackInfo& info) {
  return wrap(info.Env(), "memfd_create", IndexRegion::create(bytes_of(info, 0)));
}

/** adoptIndexRegion(descriptor, bytes): takes ownership of the descriptor. */
Napi::Value adopt_region(const Napi::CallbackInfo& info) {
  UniqueFd fd(info[0].As<Napi::Number>().Int32Value());
  return wrap(info.Env(), "mmap", IndexRegion::adopt(std::move(fd), bytes_of(info, 1)));
}

/** regionNumber(handle): for joinIndexRegion in another thread. */
Napi::Value region_number(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), regions().add(share_of(info[0]).region));
}

Napi::Value join_region(const Napi::CallbackInfo& info) {
  std::shared_ptr<IndexRegion> region = regions().find(info[0].As<Napi::Number>().Uint32Value());
  // A thread joins the region of the one image that it works for.
  if (region != nullptr) note_crashes_in(region->data());
  errno = ENOENT;
  return wrap(info.Env(), "join", std::move(region));
}

Napi::Value release_descriptor(const Napi::CallbackInfo& info) {
  const Held& region = share_of(info[0]).region;
  return Napi::Number::New(info.Env(), region == nullptr ? -1 : region->release_descriptor());
}

/** discardIndexRegion(handle): a second call does nothing. */
Napi::Value discard_region(const Napi::CallbackInfo& info) {
  Share& share = share_of(info[0]);
  if (share.region == nullptr) return info.Env().Undefined();
  stop_noting_crashes_in(share.region->data());
  share.region->discard();
  const Napi::ArrayBuffer buffer = share.buffer.Value();
  if (!buffer.IsEmpty()) napi_detach_arraybuffer(info.Env(), buffer);
  share.buffer.Reset();
  share.region.reset();
  return info.Env().Undefined();
}

}  // namespace

std::shared_ptr<IndexRegion> region_of(const Napi::Value& handle) { return share_of(handle).region; }

void export_regions(Napi::Env env, Napi::Object exports) {
  exports.Set("allocateIndexRegion", Napi::Function::New(env, allocate_region));
  exports.Set("adoptIndexRegion", Napi::Function::New(env, adopt_region));
  exports.Set("regionNumber", Napi::Function::New(env, region_number));
  exports.Set("joinIndexRegion", Napi::Function::New(env, join_region));
  exports.Set("releaseIndexDescriptor", Napi::Function::New(env, release_descriptor));
  exports.Set("discardIndexRegion", Napi::Function::New(env, discard_region));
}

}  // namespace isodrive
