#include "session-calls.hh"

#include <fcntl.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "fuse-session.hh"
#include "index/index-layout.hh"
#include "node/js-call.hh"
#include "node/js-channel.hh"
#include "system-calls.hh"
#include "index/region-calls.hh"
#include "node/object-registry.hh"

namespace isodrive {
namespace {

/** Never destroyed: threads may outlive the end of `main`. */
Registry<FuseSession>& sessions() {
  static auto* registry = new Registry<FuseSession>();
  return *registry;
}

/** The owner's handle. */
struct Owner {
  enum class Message { kWanted, kEnd };

  std::shared_ptr<JsChannel<Message>> channel;
  std::shared_ptr<FuseSession> session;
  uint32_t number = 0;
};

using OwnerHandle = Napi::External<std::shared_ptr<Owner>>;

/** What a serving thread is asked. */
struct Question {
  enum class Kind { kLoad, kRead, kFill, kCancel } kind;
  /** Of kFill: the row, or the base. */
  uint32_t row;
  uint64_t ticket;
  uint64_t offset;
  size_t length;
  /** Of kFill: bytes of a unit, and whether they are of a base of the plan. */
  uint32_t unit_bytes = 0;
  bool is_base = false;
};

/** A thread of JavaScript that serves a session, until it leaves or ends. */
class Server final : public SessionServer {
 public:
  Server(Napi::Env env, const std::shared_ptr<FuseSession>& session, Napi::Object listener)
      : env_(env), session_(session), listener_(Napi::Persistent(listener)) {
    channel_ = JsChannel<Question>::open(env, "isodrive-server",
                                         [this](Napi::Env at, Question& question) { ask(at, question); });
    channel_->keep(false);
    napi_add_env_cleanup_hook(env, &Server::end, this);
    session->desk().attach(this);
  }

  ~Server() { leave(); }

  /** From now on nothing is asked. */
  void leave() {
    if (has_left_) return;
    napi_remove_env_cleanup_hook(env_, &Server::end, this);
    detach();
    channel_->close();
  }

  /** Null once it has ended, or was left. */
  std::shared_ptr<FuseSession> session() const { return session_.lock(); }

  void load(uint32_t row) override { send({Question::Kind::kLoad, row, 0, 0, 0}); }
  void read(uint64_t ticket, uint32_t row, uint64_t offset, size_t length) override {
    send({Question::Kind::kRead, row, ticket, offset, length});
  }
  void fill(uint64_t ticket, const UnitSpan& span) override {
    const auto number = static_cast<uint32_t>(span.file.number - (span.file.is_base() ? UnitFile::kBases : 0));
    send({Question::Kind::kFill, number, ticket, span.start, span.end - span.start, span.file.unit_bytes,
          span.file.is_base()});
  }
  void cancel(uint64_t ticket) override { send({Question::Kind::kCancel, 0, ticket, 0, 0}); }

 private:
  static void end(void* server) { static_cast<Server*>(server)->detach(); }

  void detach() {
    has_left_ = true;
    if (const auto session = session_.lock()) session->desk().detach(this);
    session_.reset();
  }

  void send(const Question& question) { channel_->send(std::make_unique<Question>(question)); }

  void ask(Napi::Env env, const Question& question) {
    const auto number = [&](uint64_t value) { return Napi::Number::New(env, static_cast<double>(value)); };
    switch (question.kind) {
      case Question::Kind::kLoad:
        call_method(listener_, "onLoad", {number(question.row)});
        break;
      case Question::Kind::kRead:
        call_method(listener_, "onRead",
                    {number(question.ticket), number(question.row), number(question.offset), number(question.length)});
        break;
      case Question::Kind::kFill:
        call_method(listener_, "onFill",
                    {number(question.ticket), Napi::Boolean::New(env, question.is_base), number(question.row),
                     number(question.unit_bytes), number(question.offset), number(question.length)});
        break;
      case Question::Kind::kCancel:
        call_method(listener_, "onCancel", {number(question.ticket)});
        break;
    }
  }

  Napi::Env env_;
  /** Its device is to be closed when it ends, whoever still serves it. */
  std::weak_ptr<FuseSession> session_;
  bool has_left_ = false;
  Napi::ObjectReference listener_;
  std::shared_ptr<JsChannel<Question>> channel_;
};

using ServerHandle = Napi::External<Server>;

/** Whose all files are said to be; undefined: those that the disc names. */
std::optional<VolumeOwner> owner_of(const Napi::Value& given) {
  if (!given.IsObject()) return std::nullopt;
  const Napi::Object owner = given.As<Napi::Object>();
  return VolumeOwner{owner.Get("uid").As<Napi::Number>().Uint32Value(),
                     owner.Get("gid").As<Napi::Number>().Uint32Value()};
}

/** Copies of descriptors; fewer, with errno set, where one cannot be had. */
std::vector<UniqueFd> duplicate_all(const Napi::Array& descriptors) {
  std::vector<UniqueFd> copies;
  for (uint32_t i = 0; i < descriptors.Length(); ++i) {
    UniqueFd copy(fcntl(descriptors.Get(i).As<Napi::Number>().Int32Value(), F_DUPFD_CLOEXEC, 3));
    if (!copy.valid()) break;
    copies.push_back(std::move(copy));
  }
  return copies;
}

/** startSession(options, owner): takes ownership of options.device unless it throws; duplicates options.files. */
Napi::Value start_session(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = info[0].As<Napi::Object>();
  const auto number = [&](const char* name) { return options.Get(name).As<Napi::Number>().Int64Value(); };
  std::shared_ptr<IndexRegion> region = region_of(options.Get("region"));
  // What reads the index takes it to be whole.
  if (region == nullptr || region->size() < layout::REGION_BYTES) {
    make_system_error(env, "start", EINVAL).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const Napi::Array descriptors = options.Get("files").As<Napi::Array>();
  std::vector<UniqueFd> files = duplicate_all(descriptors);
  if (files.size() < descriptors.Length()) {
    make_system_error(env, "fcntl", errno).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const auto listener = std::make_shared<Napi::ObjectReference>(Napi::Persistent(info[1].As<Napi::Object>()));
  const auto owner = std::make_shared<Owner>();
  const auto channel =
      JsChannel<Owner::Message>::open(env, "isodrive-fuse", [owner, listener](Napi::Env, Owner::Message& message) {
        if (message == Owner::Message::kWanted) {
          call_method(*listener, "onWanted", {});
          return;
        }
        owner->session.reset();
        owner->channel->close();
        owner->channel.reset();
        call_method(*listener, "onEnd", {});
      });
  const auto tell = [channel](Owner::Message message) { channel->send(std::make_unique<Owner::Message>(message)); };
  owner->channel = channel;
  owner->session = std::make_shared<FuseSession>(
      SessionOptions{
          options.Get("name").As<Napi::String>().Utf8Value(),
          UniqueFd(static_cast<int>(number("device"))),
          std::move(files),
          std::move(region),
          {static_cast<uint64_t>(number("volumeBytes")), options.Get("hasAttributes").As<Napi::Boolean>().Value(),
           options.Get("hasAccessLists").As<Napi::Boolean>().Value(), owner_of(options.Get("owner")),
           options.Get("checksOpens").As<Napi::Boolean>().Value()}},
      SessionCallbacks{[tell] { tell(Owner::Message::kWanted); }, [tell] { tell(Owner::Message::kEnd); }});
  owner->number = sessions().add(owner->session);
  if (!owner->session->start(options.Get("isTakenOver").As<Napi::Boolean>().Value())) {
    owner->session->release_device();
    owner->session.reset();
    owner->channel->close();
    owner->channel.reset();
    make_system_error(env, "pthread_create", EAGAIN).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  return OwnerHandle::New(env, new std::shared_ptr<Owner>(owner),
                          [](Napi::Env, std::shared_ptr<Owner>* held) { delete held; });
}

const Owner& owner_of(const Napi::CallbackInfo& info) { return **info[0].As<OwnerHandle>().Data(); }

/** Null once it has ended. */
FuseSession* owned_session(const Napi::CallbackInfo& info) { return owner_of(info).session.get(); }

Napi::Value session_number(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), owner_of(info).number);
}

/** failSession(session, errno, isFinal). */
Napi::Value fail_session(const Napi::CallbackInfo& info) {
  const bool is_final = info[2].As<Napi::Boolean>().Value();
  if (FuseSession* session = owned_session(info))
    session->desk().fail(info[1].As<Napi::Number>().Int32Value(), is_final);
  return info.Env().Undefined();
}

Napi::Value abandon_session(const Napi::CallbackInfo& info) {
  if (FuseSession* session = owned_session(info)) session->abandon();
  return info.Env().Undefined();
}

Napi::Value disconnect_session(const Napi::CallbackInfo& info) {
  if (FuseSession* session = owned_session(info)) session->disconnect();
  return info.Env().Undefined();
}

Napi::Value to_array(Napi::Env env, const Histogram& histogram) {
  Napi::Array result = Napi::Array::New(env, histogram.size());
  for (uint32_t i = 0; i < histogram.size(); ++i) result.Set(i, static_cast<double>(histogram[i]));
  return result;
}

Napi::Value is_neglected(const Napi::CallbackInfo& info) {
  FuseSession* session = owned_session(info);
  return Napi::Boolean::New(info.Env(), session != nullptr && session->is_neglected());
}

Napi::Value session_counters(const Napi::CallbackInfo& info) {
  FuseSession* session = owned_session(info);
  const SessionCounters counters = session == nullptr ? SessionCounters{} : session->log().counters();
  Napi::Object result = Napi::Object::New(info.Env());
  const auto set = [&](const char* name, uint64_t value) { result.Set(name, static_cast<double>(value)); };
  set("requests", counters.requests);
  set("reads", counters.reads);
  set("readBytes", counters.read_bytes);
  set("waitedReads", counters.waited_reads);
  set("decodedReads", counters.decoded_reads);
  result.Set("busySeconds", static_cast<double>(counters.busy_time) / 1e9);
  result.Set("latency", to_array(info.Env(), counters.latency));
  result.Set("readLatency", to_array(info.Env(), counters.read_latency));
  return result;
}

/** traceSession(session, isOn). */
Napi::Value trace_session(const Napi::CallbackInfo& info) {
  if (FuseSession* session = owned_session(info)) session->log().set_tracing(info[1].As<Napi::Boolean>().Value());
  return info.Env().Undefined();
}

Napi::Value take_trace(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  FuseSession* session = owned_session(info);
  const Trace trace = session == nullptr ? Trace{} : session->log().take_trace();
  Napi::Array requests = Napi::Array::New(env, trace.requests.size());
  for (uint32_t i = 0; i < trace.requests.size(); ++i) {
    const TracedRequest& from = trace.requests[i];
    Napi::Object to = Napi::Object::New(env);
    const auto set = [&](const char* name, uint64_t value) { to.Set(name, static_cast<double>(value)); };
    set("opcode", from.opcode);
    set("node", from.node);
    set("offset", from.offset);
    set("size", from.size);
    set("errno", static_cast<uint64_t>(from.error));
    set("microseconds", from.microseconds);
    requests.Set(i, to);
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("requests", requests);
  result.Set("lost", static_cast<double>(trace.lost));
  return result;
}

/** serveSession(number, listener). */
Napi::Value serve_session(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::shared_ptr<FuseSession> session = sessions().find(info[0].As<Napi::Number>().Uint32Value());
  if (session == nullptr) {
    make_system_error(env, "serve", ENOENT).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  auto* server = new Server(env, session, info[1].As<Napi::Object>());
  return ServerHandle::New(env, server, [](Napi::Env, Server* owned) { delete owned; });
}

Napi::Value leave_session(const Napi::CallbackInfo& info) {
  info[0].As<ServerHandle>().Data()->leave();
  return info.Env().Undefined();
}

/** resumeSession(server, row, errno). */
Napi::Value resume_session(const Napi::CallbackInfo& info) {
  const auto session = info[0].As<ServerHandle>().Data()->session();
  if (session != nullptr)
    session->resume(info[1].As<Napi::Number>().Uint32Value(), info[2].As<Napi::Number>().Int32Value());
  return info.Env().Undefined();
}

/** replyRead(server, ticket, bytes or errno). */
Napi::Value reply_read(const Napi::CallbackInfo& info) {
  const auto session = info[0].As<ServerHandle>().Data()->session();
  if (session == nullptr) return info.Env().Undefined();
  const auto ticket = static_cast<uint64_t>(info[1].As<Napi::Number>().Int64Value());
  session->log().count_decoded();
  if (info[2].IsNumber()) {
    session->desk().reply(ticket, info[2].As<Napi::Number>().Int32Value(), nullptr, 0);
  } else {
    const auto bytes = info[2].As<Napi::Uint8Array>();
    session->desk().reply(ticket, 0, bytes.Data(), bytes.ByteLength());
  }
  return info.Env().Undefined();
}

/** fillUnits(server, ticket, bytes or errno, errors). */
Napi::Value fill_units(const Napi::CallbackInfo& info) {
  const auto session = info[0].As<ServerHandle>().Data()->session();
  if (session == nullptr) return info.Env().Undefined();
  const auto ticket = static_cast<uint64_t>(info[1].As<Napi::Number>().Int64Value());
  if (info[2].IsNumber()) {
    session->fill(ticket, info[2].As<Napi::Number>().Int32Value(), nullptr, 0, {});
    return info.Env().Undefined();
  }
  const auto bytes = info[2].As<Napi::Uint8Array>();
  std::vector<int> errors;
  if (info[3].IsTypedArray()) {
    const auto given = info[3].As<Napi::Int32Array>();
    errors.assign(given.Data(), given.Data() + given.ElementLength());
  }
  session->fill(ticket, 0, bytes.Data(), bytes.ByteLength(), errors);
  return info.Env().Undefined();
}

/** setUnitBudget(bytes): of the process. */
Napi::Value set_unit_budget(const Napi::CallbackInfo& info) {
  UnitCache::shared().set_budget(static_cast<size_t>(info[0].As<Napi::Number>().Int64Value()));
  return info.Env().Undefined();
}

/** unitBytes(): bytes of units that are kept. */
Napi::Value unit_bytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(UnitCache::shared().used()));
}

Napi::Value count_reads(const Napi::CallbackInfo& info) {
  const auto session = info[0].As<ServerHandle>().Data()->session();
  return Napi::Number::New(info.Env(), session == nullptr ? 0 : static_cast<double>(session->log().reads()));
}

Napi::Value is_waited_for(const Napi::CallbackInfo& info) {
  const auto session = info[0].As<ServerHandle>().Data()->session();
  return Napi::Boolean::New(info.Env(), session != nullptr && session->desk().is_waited_for());
}

}  // namespace

void export_sessions(Napi::Env env, Napi::Object exports) {
  exports.Set("startSession", Napi::Function::New(env, start_session));
  exports.Set("sessionNumber", Napi::Function::New(env, session_number));
  exports.Set("failSession", Napi::Function::New(env, fail_session));
  exports.Set("abandonSession", Napi::Function::New(env, abandon_session));
  exports.Set("disconnectSession", Napi::Function::New(env, disconnect_session));
  exports.Set("isNeglected", Napi::Function::New(env, is_neglected));
  exports.Set("sessionCounters", Napi::Function::New(env, session_counters));
  exports.Set("traceSession", Napi::Function::New(env, trace_session));
  exports.Set("takeTrace", Napi::Function::New(env, take_trace));
  exports.Set("serveSession", Napi::Function::New(env, serve_session));
  exports.Set("leaveSession", Napi::Function::New(env, leave_session));
  exports.Set("resumeSession", Napi::Function::New(env, resume_session));
  exports.Set("replyRead", Napi::Function::New(env, reply_read));
  exports.Set("fillUnits", Napi::Function::New(env, fill_units));
  exports.Set("setUnitBudget", Napi::Function::New(env, set_unit_budget));
  exports.Set("unitBytes", Napi::Function::New(env, unit_bytes));
  exports.Set("isWaitedFor", Napi::Function::New(env, is_waited_for));
  exports.Set("countReads", Napi::Function::New(env, count_reads));
}

}  // namespace isodrive
