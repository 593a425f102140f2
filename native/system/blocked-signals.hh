// While one of these is there, the calling thread and those that it starts take no signals: they belong to Node's main
// thread. What tells of a fault of the thread itself is never blocked, as the kernel would then end the process at
// once.
#pragma once

#include <pthread.h>
#include <signal.h>

namespace isodrive {

inline constexpr int kCrashSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

/** All signals but those of kCrashSignals. */
inline sigset_t blockable_signals() {
  sigset_t signals;
  sigfillset(&signals);
  for (const int signal : kCrashSignals) sigdelset(&signals, signal);
  return signals;
}

/** Of the calling thread, for longer than a block of code lasts. */
inline void set_signals_blocked(bool is_blocked) {
  const sigset_t signals = blockable_signals();
  pthread_sigmask(is_blocked ? SIG_BLOCK : SIG_UNBLOCK, &signals, nullptr);
}

class BlockedSignals {
 public:
  BlockedSignals() {
    const sigset_t blocked = blockable_signals();
    pthread_sigmask(SIG_SETMASK, &blocked, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace isodrive
