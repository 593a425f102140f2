#include "crash-note.hh"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <atomic>
#include <iterator>

#include "system/blocked-signals.hh"
#include "index-layout.hh"

namespace isodrive {
namespace {

/** What each signal does otherwise. */
struct sigaction before[std::size(kCrashSignals)];
std::atomic<bool> is_installed{false};

/** Not a thread_local: the first look at one from a signal handler may allocate. */
pthread_key_t header_key() {
  static const pthread_key_t key = [] {
    pthread_key_t made{};
    pthread_key_create(&made, nullptr);
    return made;
  }();
  return key;
}

void note(volatile uint32_t* header) {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  const auto seconds = static_cast<uint32_t>(now.tv_sec);
  if (header[layout::HEADER_CRASHES] == 0 || seconds - header[layout::HEADER_CRASHED_AT] > layout::CRASH_SECONDS) {
    header[layout::HEADER_CRASHES] = 0;
    header[layout::HEADER_CRASHED_AT] = seconds;
  }
  header[layout::HEADER_CRASHES] = header[layout::HEADER_CRASHES] + 1;
}

/** Calls nothing but what signal-safety(7) allows. Then the signal comes again, as if nobody had taken it. */
void take(int signal, siginfo_t*, void*) {
  if (auto* header = static_cast<uint32_t*>(pthread_getspecific(header_key()))) note(header);
  for (size_t i = 0; i < std::size(kCrashSignals); ++i) {
    if (kCrashSignals[i] == signal) sigaction(signal, &before[i], nullptr);
  }
  static_cast<void>(raise(signal));
}

}  // namespace

void take_crash_signals() {
  if (is_installed.exchange(true)) return;
  // Made now: the handler must not be the first to ask.
  header_key();
  struct sigaction action {};
  action.sa_sigaction = take;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (size_t i = 0; i < std::size(kCrashSignals); ++i) sigaction(kCrashSignals[i], &action, &before[i]);
}

void note_crashes_in(uint8_t* header) { pthread_setspecific(header_key(), header); }

void stop_noting_crashes_in(const uint8_t* header) {
  if (pthread_getspecific(header_key()) == header) pthread_setspecific(header_key(), nullptr);
}

}  // namespace isodrive
