// isodrive-keeper PROGRAM ARGUMENT...: starts the daemon, keeps the descriptors that it hands over, and starts it again
// with them when it dies. Where systemd runs the daemon, systemd does the same. Descriptor 3, where open, is handed to
// the first daemon under the name "ready". No memory but what is here, and nothing that waits for anybody else: it is
// what the mounts live by. (`--watch PID` is the little that systemd needs help with: end-watch.hh.) A daemon whose
// main thread is gone is dead, whatever its other threads still wait for in the kernel.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "daemon-process.hh"
#include "descriptor-store.hh"
#include "end-watch.hh"
#include "notify-socket.hh"
#include "process-end.hh"

namespace isodrive::keeper {
namespace {

constexpr int kReadyDescriptor = 3;
/** What the daemon exits with to be started again at once: a new version is to take over. */
constexpr int kExitRestart = 75;
/** Arguments of the daemon that are handed on to a successor of another installation. */
constexpr size_t kMaxArguments = 64;
/** A daemon that lives for less is started again only after a pause, which doubles with each. Milliseconds. */
constexpr int64_t kShortLife = 1000;
constexpr int kFirstPause = 10;
/** A daemon that gets ready each time makes progress between its deaths; one that does not may never. Milliseconds. */
constexpr int kLongestPause = 250;
constexpr int kLongestHopelessPause = 5000;
/** Daemons in a row that die before they are ready; then the mounts had better fail than hang. */
constexpr int kMaxHopeless = 12;

int64_t now_milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

/** Keeping thousands of descriptors needs more than the usual soft limit. Gives the limit. */
int raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  const rlim_t got = setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before;
  return static_cast<int>(std::min<rlim_t>(got, INT_MAX));
}

/** A daemon of another installation, which the daemon of this user has named before it made way. */
struct Successor {
  char executable[kMaxPath] = {};
  char program[kMaxPath] = {};

  /** The arguments of the first daemon, with its own executable and program: the first that is no option. */
  void fill(char* const* original, char** arguments) {
    bool has_program = false;
    size_t count = 0;
    for (; original[count] != nullptr && count < kMaxArguments; ++count) {
      const bool is_program = count > 0 && !has_program && original[count][0] != '-';
      has_program = has_program || is_program;
      arguments[count] = count == 0 ? executable : is_program ? program : original[count];
    }
    arguments[count] = nullptr;
  }
};

class Keeper {
 public:
  explicit Keeper(char* const* arguments) : arguments_(arguments) {}

  /** Gives the exit code: the last daemon's. */
  int run() {
    store_.set_limit(raise_descriptor_limit());
    if (fcntl(kReadyDescriptor, F_GETFD) >= 0) {
      ready_ = UniqueFd(kReadyDescriptor);
      fcntl(kReadyDescriptor, F_SETFD, FD_CLOEXEC);
    }
    sigset_t watched;
    sigemptyset(&watched);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&watched, signal);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread has been started.
    sigprocmask(SIG_BLOCK, &watched, nullptr);
    signals_ = UniqueFd(signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
    prctl(PR_SET_TIMERSLACK, kSlack);
    if (!signals_.valid()) {
      std::perror("isodrive-keeper: cannot start");
      return 1;
    }
    start();
    while (!is_done_) wait();
    store_.clear();
    return exit_;
  }

 private:
  void start() {
    started_ = now_milliseconds();
    is_ready_ = false;
    if (is_trial_) successor_.fill(arguments_, trial_arguments_);
    char* const* arguments = is_trial_ ? trial_arguments_ : current_arguments();
    daemon_ = socket_.open() ? start_daemon(arguments, store_, socket_.daemon_end().get(), ready_.get()) : -1;
    socket_.daemon_end().reset();
    ready_.reset();
    if (daemon_ < 0) plan_restart();
  }

  void wait() {
    pollfd sources[] = {{signals_.get(), POLLIN, 0}, {socket_.descriptor(), POLLIN, 0}};
    const int64_t left = restart_at_ - now_milliseconds();
    const bool is_late =
        poll(sources, 2, daemon_ > 0 ? kLookInterval : static_cast<int>(std::max<int64_t>(left, 0))) == 0;
    signalfd_siginfo got{};
    bool child_changed = false;
    while (read(signals_.get(), &got, sizeof(got)) == sizeof(got)) {
      if (got.ssi_signo == SIGCHLD) child_changed = true;
      else end_on_signal(static_cast<int>(got.ssi_signo));
    }
    // What the daemon has sent lies here by now, if it has died since: nothing of it may be missed.
    const Notice notice = socket_.receive(daemon_, store_);
    if (notice.executable[0] != '\0' && notice.program[0] != '\0') {
      std::memcpy(successor_.executable, notice.executable, kMaxPath);
      std::memcpy(successor_.program, notice.program, kMaxPath);
      is_named_ = true;
    }
    if (notice.is_ready && is_trial_) keep_successor();
    is_ready_ = is_ready_ || notice.is_ready;
    is_ending_ = is_ending_ || notice.is_stopping;
    if (child_changed) reap();
    if (is_late && daemon_ > 0 && is_ending(daemon_)) end_daemon(W_EXITCODE(0, SIGKILL));
    if (!is_done_ && daemon_ <= 0 && now_milliseconds() >= restart_at_) start();
  }

  void end_on_signal(int signal) {
    is_ending_ = true;
    if (daemon_ > 0) kill(daemon_, signal);
    else is_done_ = true;
  }

  /** Also those that had ended before, and some thread of theirs only now. */
  void reap() {
    int status = 0;
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
      if (pid == daemon_) end_daemon(status);
    }
  }

  void end_daemon(int status) {
    daemon_ = -1;
    exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    const bool is_upgrade = WIFEXITED(status) && exit_ == kExitRestart;
    const bool told_to_end = WIFSIGNALED(status) && (WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGINT);
    // A first daemon that never gets ready has nothing to lose, and somebody waits to hear so.
    if (is_ending_ || exit_ == 0 || told_to_end || (!is_ready_ && !was_ready_)) is_done_ = true;
    // Who has named its successor was about to make way, also where it cannot end and its exit code is not known.
    else if (is_upgrade || is_named_) {
      is_trial_ = is_named_;
      is_named_ = false;
      restart_at_ = now_milliseconds();
    } else {
      // A successor that never got ready gives way to the one that made way for it.
      if (!is_ready_) is_trial_ = false;
      plan_restart();
    }
    was_ready_ = was_ready_ || is_ready_;
  }

  /** It is ready: from now on it is what is started again. */
  void keep_successor() {
    current_ = successor_;
    current_.fill(arguments_, current_arguments_);
    has_current_ = true;
    is_trial_ = false;
  }

  char* const* current_arguments() { return has_current_ ? current_arguments_ : arguments_; }

  void plan_restart() {
    const int64_t now = now_milliseconds();
    hopeless_ = is_ready_ ? 0 : hopeless_ + 1;
    if (hopeless_ > kMaxHopeless) {
      is_done_ = true;
      return;
    }
    if (is_ready_ && now - started_ >= kShortLife) pause_ = 0;
    const int longest = is_ready_ ? kLongestPause : kLongestHopelessPause;
    restart_at_ = now + std::min(pause_, longest);
    pause_ = std::min(std::max(kFirstPause, pause_ * 2), longest);
  }

  char* const* arguments_;
  /** Another installation that is to take over, and the one that has. */
  Successor successor_;
  Successor current_;
  char* trial_arguments_[kMaxArguments + 1] = {};
  char* current_arguments_[kMaxArguments + 1] = {};
  bool is_named_ = false;
  bool is_trial_ = false;
  bool has_current_ = false;
  UniqueFd ready_;
  UniqueFd signals_;
  NotifySocket socket_;
  DescriptorStore store_;
  pid_t daemon_ = -1;
  int64_t started_ = 0;
  int64_t restart_at_ = 0;
  int pause_ = 0;
  int hopeless_ = 0;
  int exit_ = 0;
  bool is_ready_ = false;
  bool was_ready_ = false;
  bool is_ending_ = false;
  bool is_done_ = false;
};

}  // namespace
}  // namespace isodrive::keeper

int main(int count, char** arguments) {
  if (count < 2) {
    static_cast<void>(
        std::fputs("usage: isodrive-keeper PROGRAM [ARGUMENT...]\n       isodrive-keeper --watch PID\n", stderr));
    return 2;
  }
  if (count == 3 && std::strcmp(arguments[1], "--watch") == 0) {
    return isodrive::keeper::watch_end(static_cast<pid_t>(std::strtol(arguments[2], nullptr, 10)));
  }
  static isodrive::keeper::Keeper keeper(arguments + 1);
  return keeper.run();
}
