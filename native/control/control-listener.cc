#include "control-listener.hh"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "node/js-call.hh"
#include "node/js-channel.hh"
#include "passed-descriptors.hh"
#include "system-calls.hh"
#include "system/unique-fd.hh"
#include "system/worker-thread.hh"

namespace isodrive {
namespace {

/** Bytes that are read for a client at a time: what one of them sends is handled between the others. */
constexpr size_t kPiece = 16384;
/** Clients accepted in a row before those that are connected get their turn. */
constexpr int kAcceptsInRow = 32;
/** Milliseconds of rest when the process has no descriptor left for a client that waits. */
constexpr int kRest = 50;
constexpr uint64_t kListenerKey = 0;
constexpr uint64_t kStopKey = 1;
constexpr uint64_t kFirstClient = 2;
constexpr uint32_t kNextPiece = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT;

/** What JavaScript is told; it owns the descriptors. */
struct Message {
  enum class Kind { kClient, kBytes, kEnd } kind;
  uint64_t client;
  std::vector<uint8_t> bytes;
  std::vector<UniqueFd> descriptors;
  bool is_cut;
  uint32_t user;
};

struct Limits {
  uint32_t clients;
  /** Of one user; root has no limit but that of all, of which a part is root's alone. */
  uint32_t clients_of_user;
  uint32_t reserved_for_root;
};

class ControlListener {
 public:
  ControlListener(Napi::Env env, UniqueFd listener, UniqueFd epoll, UniqueFd stop, Limits limits, Napi::Object target)
      : listener_(std::move(listener)),
        epoll_(std::move(epoll)),
        stop_(std::move(stop)),
        limits_(limits),
        target_(Napi::Persistent(target)),
        channel_(JsChannel<Message>::open(env, "isodrive-control",
                                          [this](Napi::Env at, Message& message) { deliver(at, message); })) {
    add(listener_.get(), kListenerKey, EPOLLIN);
    add(stop_.get(), kStopKey, EPOLLIN);
  }

  /** False when no thread can be had. */
  bool start() {
    return thread_.start([this] { run(); });
  }

  /** Ends the thread and closes every client. */
  void close() {
    if (is_closed_) return;
    const uint64_t one = 1;
    while (write(stop_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
    }
    thread_.join();
    const std::lock_guard lock(mutex_);
    clients_.clear();
    listener_.reset();
    is_closed_ = true;
    channel_->close();
  }

  void stop_accepting() {
    const std::lock_guard lock(mutex_);
    if (!listener_.valid()) return;
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener_.get(), nullptr);
    listener_.reset();
  }

  /** Has the next piece of a client read. */
  void resume(uint64_t client) {
    const std::lock_guard lock(mutex_);
    const auto found = clients_.find(client);
    if (found == clients_.end()) return;
    if (std::exchange(found->second.is_watched, true)) watch_again(client, found->second.fd.get());
    else add(found->second.fd.get(), client, kNextPiece);
  }

  void drop(uint64_t client) {
    const std::lock_guard lock(mutex_);
    const auto found = clients_.find(client);
    if (found == clients_.end()) return;
    forget_user(found->second.user);
    clients_.erase(found);
  }

 private:
  struct Client {
    UniqueFd fd;
    uint32_t user;
    /** From the first time that JavaScript asks: of a client that it refuses nothing is read, so nothing is passed. */
    bool is_watched;
  };

  void deliver(Napi::Env env, Message& message) {
    const napi_value client = Napi::Number::New(env, static_cast<double>(message.client));
    const napi_value user = Napi::Number::New(env, message.user);
    switch (message.kind) {
      case Message::Kind::kClient:
        if (find_method(target_, "onClient") == nullptr) return;
        call_method(target_, "onClient", {client, Napi::Number::New(env, message.descriptors[0].release())});
        break;
      case Message::Kind::kBytes: {
        napi_value bytes = nullptr;
        const napi_value descriptors = Napi::Array::New(env, message.descriptors.size());
        if (napi_create_buffer_copy(env, message.bytes.size(), message.bytes.data(), nullptr, &bytes) != napi_ok)
          return;
        for (uint32_t i = 0; i < message.descriptors.size(); ++i) {
          const napi_value number = Napi::Number::New(env, message.descriptors[i].get());
          if (napi_set_element(env, descriptors, i, number) != napi_ok) return;
        }
        for (UniqueFd& given : message.descriptors) given.release();
        call_method(target_, "onBytes", {client, bytes, descriptors, Napi::Boolean::New(env, message.is_cut), user});
        break;
      }
      case Message::Kind::kEnd:
        call_method(target_, "onEnd", {client, user});
        break;
    }
  }

  void add(int fd, uint64_t key, uint32_t events) {
    epoll_event event{events, {}};
    event.data.u64 = key;
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }

  void watch_again(uint64_t client, int fd) {
    epoll_event event{kNextPiece, {}};
    event.data.u64 = client;
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
  }

  /** What nobody takes any more closes its descriptors. */
  void tell(Message message) { channel_->send(std::make_unique<Message>(std::move(message))); }

  void run() {
    std::array<epoll_event, 64> events{};
    for (;;) {
      const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
      if (count < 0 && errno != EINTR) return;
      for (int i = 0; i < count; ++i) {
        const uint64_t key = events[static_cast<size_t>(i)].data.u64;
        if (key == kStopKey) return;
        if (key == kListenerKey) accept_some();
        else read_piece(key);
      }
    }
  }

  void accept_some() {
    for (int i = 0; i < kAcceptsInRow; ++i) {
      const int error = accept_one();
      if (error == 0 || error == ECONNABORTED || error == EINTR) continue;
      // The client stays in the queue and would wake us at once: others give descriptors back meanwhile.
      if (error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS) {
        pollfd wait{stop_.get(), POLLIN, 0};
        poll(&wait, 1, kRest);
      }
      return;
    }
  }

  /** Gives 0, or an errno. */
  int accept_one() {
    const std::lock_guard lock(mutex_);
    if (!listener_.valid()) return EAGAIN;
    UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.valid()) return errno;
    take(std::move(fd));
    return 0;
  }

  /** The lock is held. A client too many is hung up on. */
  void take(UniqueFd fd) {
    ucred peer{};
    socklen_t length = sizeof(peer);
    if (getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return;
    const bool is_root = peer.uid == 0;
    const uint32_t room = is_root ? limits_.clients : limits_.clients - limits_.reserved_for_root;
    const auto counted = users_.find(peer.uid);
    if (clients_.size() >= room) return;
    if (!is_root && counted != users_.end() && counted->second >= limits_.clients_of_user) return;
    UniqueFd copy(fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
    if (!copy.valid()) return;
    const uint64_t client = next_++;
    users_[peer.uid] += 1;
    clients_.emplace(client, Client{std::move(fd), peer.uid, false});
    std::vector<UniqueFd> descriptors;
    descriptors.push_back(std::move(copy));
    tell({Message::Kind::kClient, client, {}, std::move(descriptors), false, peer.uid});
  }

  void forget_user(uint32_t user) {
    const auto found = users_.find(user);
    if (found != users_.end() && --found->second == 0) users_.erase(found);
  }

  void read_piece(uint64_t key) {
    const std::lock_guard lock(mutex_);
    const auto found = clients_.find(key);
    if (found == clients_.end()) return;
    const int fd = found->second.fd.get();
    const uint32_t user = found->second.user;
    ReceivedBytes received = receive_bytes(fd, piece_.data(), piece_.size());
    if (received.length > 0) {
      tell({Message::Kind::kBytes,
            key,
            {piece_.begin(), piece_.begin() + received.length},
            std::move(received.descriptors),
            received.is_cut,
            user});
    } else if (received.length == 0 || (received.error != EAGAIN && received.error != EWOULDBLOCK)) {
      tell({Message::Kind::kEnd, key, {}, {}, false, user});
    } else {
      watch_again(key, fd);
    }
  }

  /** Guards everything that both threads use: the listener, the clients and the counts. */
  std::mutex mutex_;
  UniqueFd listener_;
  UniqueFd epoll_;
  UniqueFd stop_;
  const Limits limits_;
  Napi::ObjectReference target_;
  const std::shared_ptr<JsChannel<Message>> channel_;
  std::unordered_map<uint64_t, Client> clients_;
  std::unordered_map<uint32_t, uint32_t> users_;
  std::array<uint8_t, kPiece> piece_;
  uint64_t next_ = kFirstClient;
  bool is_closed_ = false;
  WorkerThread thread_;
};

ControlListener& handle_of(const Napi::CallbackInfo& info) {
  return *info[0].As<Napi::External<ControlListener>>().Data();
}

/** listenForClients(descriptor, limits, listener): takes ownership of the descriptor. */
Napi::Value listen_for_clients(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  UniqueFd listener(info[0].As<Napi::Number>().Int32Value());
  const Napi::Object given = info[1].As<Napi::Object>();
  const auto limit = [&](const char* name) { return given.Get(name).As<Napi::Number>().Uint32Value(); };
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  UniqueFd stop(eventfd(0, EFD_CLOEXEC));
  const int flags = fcntl(listener.get(), F_GETFL);
  if (!epoll.valid() || !stop.valid() || flags < 0 || fcntl(listener.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    make_system_error(env, "epoll_create1", errno).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const Limits limits{limit("clients"), limit("clientsOfUser"), limit("reservedForRoot")};
  auto* owned = new ControlListener(env, std::move(listener), std::move(epoll), std::move(stop), limits,
                                    info[2].As<Napi::Object>());
  if (!owned->start()) {
    owned->close();
    delete owned;
    make_system_error(env, "pthread_create", EAGAIN).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  return Napi::External<ControlListener>::New(env, owned, [](Napi::Env, ControlListener* listener) {
    listener->close();
    delete listener;
  });
}

Napi::Value resume_client(const Napi::CallbackInfo& info) {
  handle_of(info).resume(static_cast<uint64_t>(info[1].As<Napi::Number>().Int64Value()));
  return info.Env().Undefined();
}

Napi::Value drop_client(const Napi::CallbackInfo& info) {
  handle_of(info).drop(static_cast<uint64_t>(info[1].As<Napi::Number>().Int64Value()));
  return info.Env().Undefined();
}

Napi::Value stop_accepting(const Napi::CallbackInfo& info) {
  handle_of(info).stop_accepting();
  return info.Env().Undefined();
}

Napi::Value close_listener(const Napi::CallbackInfo& info) {
  handle_of(info).close();
  return info.Env().Undefined();
}

/** sendDescriptors(socket, bytes, descriptors): gives the bytes that were sent. */
Napi::Value send_descriptors(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto bytes = info[1].As<Napi::Uint8Array>();
  const std::vector<int> descriptors = descriptors_in(info[2].As<Napi::Array>());
  const ssize_t sent = send_bytes_with(info[0].As<Napi::Number>().Int32Value(), bytes.Data(), bytes.ByteLength(),
                                       descriptors.data(), descriptors.size());
  if (sent < 0) {
    make_system_error(env, "sendmsg", errno).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  return Napi::Number::New(env, static_cast<double>(sent));
}

}  // namespace

void export_control_listener(Napi::Env env, Napi::Object exports) {
  exports.Set("listenForClients", Napi::Function::New(env, listen_for_clients));
  exports.Set("resumeClient", Napi::Function::New(env, resume_client));
  exports.Set("dropClient", Napi::Function::New(env, drop_client));
  exports.Set("stopAccepting", Napi::Function::New(env, stop_accepting));
  exports.Set("closeListener", Napi::Function::New(env, close_listener));
  exports.Set("sendDescriptors", Napi::Function::New(env, send_descriptors));
}

}  // namespace isodrive
