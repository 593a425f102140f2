// Messages from any thread to one thread of JavaScript, which may end at any moment: after that they go nowhere. Node
// frees a thread-safe function with its environment whoever still holds it (up to version 22 at least), so every send
// looks, under a lock, whether it is still there.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace isodrive {

template <typename Message>
class JsChannel : public std::enable_shared_from_this<JsChannel<Message>> {
 public:
  using Deliver = std::function<void(Napi::Env, Message&)>;

  /** `deliver` runs in the thread of `env`, until `close`. Call in that thread. */
  static std::shared_ptr<JsChannel> open(Napi::Env env, const char* name, Deliver deliver) {
    std::shared_ptr<JsChannel> channel(new JsChannel(env, std::move(deliver)));
    // Kept until Node has let go of the function: leftover messages are handed back through it.
    auto* self = new std::shared_ptr<JsChannel>(channel);
    channel->function_ = Function::New(
        env, name, 0, 1, channel.get(), [](Napi::Env, std::shared_ptr<JsChannel>* held, JsChannel*) { delete held; },
        self);
    // Hooks run in reverse order: this one before the function's own.
    napi_add_env_cleanup_hook(env, &JsChannel::end, channel.get());
    return channel;
  }

  JsChannel(const JsChannel&) = delete;
  JsChannel& operator=(const JsChannel&) = delete;

  /** From any thread; never waits. Gives the message back when nobody takes it any more. */
  std::unique_ptr<Message> send(std::unique_ptr<Message> message) {
    const std::lock_guard lock(mutex_);
    if (closed_ || function_.NonBlockingCall(message.get()) != napi_ok) return message;
    static_cast<void>(message.release());
    return nullptr;
  }

  /** In the thread of JavaScript: nothing is delivered any more. */
  void close() {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    deliver_.reset();
    napi_remove_env_cleanup_hook(env_, &JsChannel::end, this);
    function_.Release();
  }

  /** In the thread of JavaScript: whether the channel alone keeps the thread alive. */
  void keep(bool is_kept) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    if (is_kept) function_.Ref(env_);
    else function_.Unref(env_);
  }

 private:
  JsChannel(Napi::Env env, Deliver deliver) : env_(env), deliver_(std::make_shared<Deliver>(std::move(deliver))) {}

  static void call(Napi::Env env, Napi::Function, JsChannel* self, Message* message) {
    std::unique_ptr<Message> owned(message);
    // Held while it runs: it may close the channel.
    const std::shared_ptr<Deliver> deliver = self->deliver();
    if (env != nullptr && deliver != nullptr) (*deliver)(env, *owned);
  }

  static void end(void* channel) {
    auto* self = static_cast<JsChannel*>(channel);
    const std::lock_guard lock(self->mutex_);
    self->closed_ = true;
    self->deliver_.reset();
  }

  std::shared_ptr<Deliver> deliver() {
    const std::lock_guard lock(mutex_);
    return deliver_;
  }

  using Function = Napi::TypedThreadSafeFunction<JsChannel, Message, &JsChannel::call>;

  Napi::Env env_;
  /** Goes with the channel's end, in the thread of JavaScript: it may hold what belongs there. */
  std::shared_ptr<Deliver> deliver_;
  Function function_;
  std::mutex mutex_;
  bool closed_ = false;
};

}  // namespace isodrive
