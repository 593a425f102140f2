#include "wake-signal.hh"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace isodrive {
namespace {

/** Neither Node nor the C library has a use for it. */
int wake_signal() { return SIGRTMIN; }

/** Once for the process: without SA_RESTART, so that the call ends. */
void install() {
  static const bool is_installed = [] {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    return sigaction(wake_signal(), &action, nullptr) == 0;
  }();
  static_cast<void>(is_installed);
}

}  // namespace

pid_t let_wake_signal_in() {
  install();
  sigset_t taken;
  sigemptyset(&taken);
  sigaddset(&taken, wake_signal());
  pthread_sigmask(SIG_UNBLOCK, &taken, nullptr);
  return static_cast<pid_t>(syscall(SYS_gettid));
}

void wake_thread(pid_t thread) { syscall(SYS_tgkill, getpid(), thread, wake_signal()); }

}  // namespace isodrive
