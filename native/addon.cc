// The JavaScript surface of the addon; native/index.ts declares it. JavaScript is told of directories to load, of content
// that the image's bytes are not, and of the end of a mount; it runs on the path of no other request.
#include <fcntl.h>
#include <malloc.h>
#include <napi.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "fuse-session.hh"
#include "index-region.hh"
#include "loop-device.hh"
#include "mount-watch.hh"
#include "notify.hh"
#include "optical-drive.hh"
#include "platform.hh"

namespace isodrive {
namespace {

/** What a session thread tells JavaScript. */
struct Message {
  enum class Kind { kLoad, kRead, kCancel, kEnd } kind;
  uint32_t row;
  uint64_t ticket;
  uint64_t offset;
  size_t length;
};

/** Regions by their ArrayBuffer, so that a session can share what JavaScript allocated. */
using RegionHolder = std::shared_ptr<IndexRegion>;

Napi::Value wrap_region(Napi::Env env, const char* syscall, const RegionHolder& region) {
  if (region == nullptr) {
    make_system_error(env, syscall, errno).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  auto* holder = new RegionHolder(region);
  Napi::Object result = Napi::Object::New(env);
  result.Set("buffer", Napi::ArrayBuffer::New(env, region->data(), region->size(), [](Napi::Env, void*) {}));
  result.Set("handle", Napi::External<RegionHolder>::New(env, holder, [](Napi::Env, RegionHolder* owned) { delete owned; }));
  return result;
}

Napi::Value allocate_index_region(const Napi::CallbackInfo& info) {
  const auto bytes = static_cast<size_t>(info[0].As<Napi::Number>().Int64Value());
  return wrap_region(info.Env(), "memfd_create", IndexRegion::create(bytes));
}

/** adoptIndexRegion(descriptor, bytes): takes ownership of the descriptor. */
Napi::Value adopt_index_region(const Napi::CallbackInfo& info) {
  UniqueFd fd(info[0].As<Napi::Number>().Int32Value());
  const auto bytes = static_cast<size_t>(info[1].As<Napi::Number>().Int64Value());
  return wrap_region(info.Env(), "mmap", IndexRegion::adopt(std::move(fd), bytes));
}

Napi::Value release_index_descriptor(const Napi::CallbackInfo& info) {
  const RegionHolder& region = *info[0].As<Napi::External<RegionHolder>>().Data();
  return Napi::Number::New(info.Env(), region->release_descriptor());
}

Napi::Value discard_index_region(const Napi::CallbackInfo& info) {
  (*info[0].As<Napi::External<RegionHolder>>().Data())->discard();
  return info.Env().Undefined();
}

/** JavaScript's handle on a running session; lives until the session has ended. */
class SessionHandle {
 public:
  SessionHandle(Napi::Env env, SessionOptions options, RegionHolder region, Napi::Object listener)
      : region_(std::move(region)),
        listener_(Napi::Persistent(listener)),
        channel_(Channel::New(env, "isodrive-fuse", 0, 1, this)),
        session_(std::make_unique<FuseSession>(std::move(options), make_callbacks())) {}

  void start(bool is_taken_over) { session_->start(is_taken_over); }
  bool ended() const { return session_ == nullptr; }
  uint64_t reads() const { return session_ == nullptr ? 0 : session_->reads(); }
  SessionCounters counters() const { return session_ == nullptr ? SessionCounters{} : session_->counters(); }
  void resume(uint32_t row, int error) {
    if (session_ != nullptr) session_->resume(row, error);
  }
  void reply(uint64_t ticket, int error, const void* bytes, size_t length) {
    if (session_ != nullptr) session_->reply(ticket, error, bytes, length);
  }

 private:
  static void deliver(Napi::Env env, Napi::Function, SessionHandle* self, Message* message) {
    const std::unique_ptr<Message> owned(message);
    if (env == nullptr) return;
    if (owned->kind != Message::Kind::kEnd) {
      self->ask(env, *owned);
      return;
    }
    // The last thread is returning: joining it here waits for nothing else.
    self->session_.reset();
    self->channel_.Release();
    self->region_.reset();
    const Napi::ObjectReference listener = std::move(self->listener_);
    call(listener, "onEnd", {});
  }

  static void call(const Napi::ObjectReference& listener, const char* name, const std::vector<napi_value>& values) {
    const Napi::Object object = listener.Value();
    object.Get(name).As<Napi::Function>().Call(object, values);
  }

  void ask(Napi::Env env, const Message& message) {
    const auto number = [&](uint64_t value) { return Napi::Number::New(env, static_cast<double>(value)); };
    switch (message.kind) {
      case Message::Kind::kLoad:
        call(listener_, "onLoad", {number(message.row)});
        break;
      case Message::Kind::kRead:
        call(listener_, "onRead",
             {number(message.ticket), number(message.row), number(message.offset), number(message.length)});
        break;
      case Message::Kind::kCancel:
        call(listener_, "onCancel", {number(message.ticket)});
        break;
      case Message::Kind::kEnd:
        break;
    }
  }

  SessionCallbacks make_callbacks() {
    using Kind = Message::Kind;
    return {[this](uint32_t row) { send({Kind::kLoad, row, 0, 0, 0}); },
            [this](uint64_t ticket, uint32_t row, uint64_t offset, size_t length) {
              send({Kind::kRead, row, ticket, offset, length});
            },
            [this](uint64_t ticket) { send({Kind::kCancel, 0, ticket, 0, 0}); },
            [this] { send({Kind::kEnd, 0, 0, 0, 0}); }};
  }

  void send(Message message) { channel_.BlockingCall(new Message(message)); }

  using Channel = Napi::TypedThreadSafeFunction<SessionHandle, Message, deliver>;

  RegionHolder region_;
  Napi::ObjectReference listener_;
  Channel channel_;
  std::unique_ptr<FuseSession> session_;
};

/** startSession(options, listener): takes ownership of options.device; duplicates options.image. */
Napi::Value start_session(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = info[0].As<Napi::Object>();
  const auto number = [&](const char* name) { return options.Get(name).As<Napi::Number>().Int64Value(); };
  UniqueFd image;
  if (number("image") >= 0) {
    image = UniqueFd(fcntl(static_cast<int>(number("image")), F_DUPFD_CLOEXEC, 3));
    if (!image.valid()) {
      make_system_error(env, "fcntl", errno).ThrowAsJavaScriptException();
      return env.Undefined();
    }
  }
  RegionHolder region = *options.Get("region").As<Napi::External<RegionHolder>>().Data();
  SessionOptions session{UniqueFd(static_cast<int>(number("device"))),
                         std::move(image),
                         static_cast<uint64_t>(number("imageBytes")),
                         region->data(),
                         {static_cast<uint64_t>(number("volumeBytes")), options.Get("hasAttributes").As<Napi::Boolean>().Value()}};
  auto* handle = new SessionHandle(env, std::move(session), region, info[1].As<Napi::Object>());
  handle->start(options.Get("isTakenOver").As<Napi::Boolean>().Value());
  // A process that exits while mounted must not wait for threads that only an unmount ends: those go with it.
  return Napi::External<SessionHandle>::New(env, handle, [](Napi::Env, SessionHandle* owned) {
    if (owned->ended()) delete owned;
  });
}

Napi::Value resume_session(const Napi::CallbackInfo& info) {
  info[0].As<Napi::External<SessionHandle>>().Data()->resume(info[1].As<Napi::Number>().Uint32Value(),
                                                             info[2].As<Napi::Number>().Int32Value());
  return info.Env().Undefined();
}

/** replyRead(session, ticket, bytes or errno). */
Napi::Value reply_read(const Napi::CallbackInfo& info) {
  SessionHandle* session = info[0].As<Napi::External<SessionHandle>>().Data();
  const auto ticket = static_cast<uint64_t>(info[1].As<Napi::Number>().Int64Value());
  if (info[2].IsNumber()) {
    session->reply(ticket, info[2].As<Napi::Number>().Int32Value(), nullptr, 0);
  } else {
    const auto bytes = info[2].As<Napi::Uint8Array>();
    session->reply(ticket, 0, bytes.Data(), bytes.ByteLength());
  }
  return info.Env().Undefined();
}

Napi::Value count_reads(const Napi::CallbackInfo& info) {
  const uint64_t reads = info[0].As<Napi::External<SessionHandle>>().Data()->reads();
  return Napi::Number::New(info.Env(), static_cast<double>(reads));
}

Napi::Value session_counters(const Napi::CallbackInfo& info) {
  const SessionCounters counters = info[0].As<Napi::External<SessionHandle>>().Data()->counters();
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("requests", static_cast<double>(counters.requests));
  result.Set("reads", static_cast<double>(counters.reads));
  result.Set("readBytes", static_cast<double>(counters.read_bytes));
  result.Set("busySeconds", static_cast<double>(counters.busy_time) / 1e9);
  return result;
}

/** Bytes above which glibc maps an allocation of its own; below the 64 KiB blocks of the metadata cache. */
constexpr int kMapThreshold = 32768;

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
#ifdef __GLIBC__
  // The blocks that indexing reads and drops would otherwise stay in the heap of a daemon that lives for months:
  // 24 of 99 MiB after 200,000 entries. Set here, so that it holds however the daemon was started.
  mallopt(M_MMAP_THRESHOLD, kMapThreshold);
#endif
  exports.Set("allocateIndexRegion", Napi::Function::New(env, allocate_index_region));
  exports.Set("adoptIndexRegion", Napi::Function::New(env, adopt_index_region));
  exports.Set("releaseIndexDescriptor", Napi::Function::New(env, release_index_descriptor));
  exports.Set("discardIndexRegion", Napi::Function::New(env, discard_index_region));
  exports.Set("startSession", Napi::Function::New(env, start_session));
  exports.Set("replyRead", Napi::Function::New(env, reply_read));
  exports.Set("countReads", Napi::Function::New(env, count_reads));
  exports.Set("sessionCounters", Napi::Function::New(env, session_counters));
  exports.Set("resumeSession", Napi::Function::New(env, resume_session));
  export_platform(env, exports);
  export_notify(env, exports);
  export_loop_device(env, exports);
  export_optical_drive(env, exports);
  export_mount_watch(env, exports);
  return exports;
}

NODE_API_MODULE(isodrive, initialise)

}  // namespace
}  // namespace isodrive
