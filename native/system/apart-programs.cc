#include "apart-programs.hh"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "../control/passed-descriptors.hh"
#include "../io/io-pool.hh"
#include "../system-calls.hh"
#include "unique-fd.hh"
#include "worker-thread.hh"

namespace isodrive {
namespace {

/** First descriptor behind standard input, output and error; the program gets its socket there. */
constexpr int kFirst = 3;
/** Bytes of a program's messages that are kept. */
constexpr size_t kMaxMessage = 4096;
/** Milliseconds for no limit, as poll(2) has it. */
constexpr int kForever = -1;

/** What is to be started, and how that went. */
struct Start {
  std::vector<std::string> words;
  std::vector<std::string> environment;
  std::mutex mutex;
  std::condition_variable settled;
  bool is_settled = false;
  /** Of the failed start, or 0. */
  int error = 0;
  pid_t pid = -1;
};

using SharedStart = std::shared_ptr<Start>;

/** The end of the pair that starts are sent to. Never closed: it is the process's. */
int starter_socket = -1;

void settle(Start& start, int error, pid_t pid) {
  const std::lock_guard lock(start.mutex);
  start.error = error;
  start.pid = pid;
  start.is_settled = true;
  start.settled.notify_all();
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/**
 * With nothing open but standard error, and `socket` as descriptor 3 where there is one; signals as a new session has
 * them.
 */
void spawn(Start& start, int standard_error, int socket) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&files, standard_error, STDERR_FILENO);
  if (socket >= 0) posix_spawn_file_actions_adddup2(&files, socket, kFirst);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = -1;
  const std::vector<char*> words = pointers_to(start.words);
  const std::vector<char*> environment = pointers_to(start.environment);
  const int error = posix_spawnp(&pid, words[0], &files, &attributes, words.data(), environment.data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  settle(start, error, pid);
}

/** Each in a thread of its own, which has this one's descriptors: where a program lies may hang as well. */
void start_one(const SharedStart& start, std::vector<UniqueFd> passed) {
  auto files = std::make_shared<std::vector<UniqueFd>>(std::move(passed));
  const bool is_started = !files->empty() && start_detached([start, files] {
    spawn(*start, (*files)[0].get(), files->size() > 1 ? (*files)[1].get() : -1);
    files->clear();
  });
  if (!is_started) settle(*start, EAGAIN, -1);
}

/** Closes all but standard input, output, error and `kept`, in the table of this thread alone. */
void close_others(int kept) {
  const auto close_between = [](int first, unsigned last) {
    if (syscall(SYS_close_range, first, last, 0) == 0) return;
    const auto end = static_cast<int>(std::min<unsigned>(last, static_cast<unsigned>(sysconf(_SC_OPEN_MAX))));
    for (int fd = first; fd <= end; ++fd) close(fd);
  };
  if (kept > kFirst) close_between(kFirst, static_cast<unsigned>(kept) - 1);
  close_between(kept + 1, ~0U);
}

/** A pointer as a message between threads of this process. */
using PointerBytes = std::array<uint8_t, sizeof(void*)>;
/** Messages sent. A socket orders memory for the kernel alone: what the pointer shows is seen through this. */
std::atomic<uint64_t> messages_sent{0};

void serve_starts(int own) {
  for (;;) {
    pollfd waiting{own, POLLIN, 0};
    if (poll(&waiting, 1, kForever) < 0) continue;
    PointerBytes bytes{};
    ReceivedBytes received = receive_bytes(own, bytes.data(), bytes.size());
    if (received.length != static_cast<ssize_t>(bytes.size())) continue;
    static_cast<void>(messages_sent.load(std::memory_order_acquire));
    const std::unique_ptr<SharedStart> start(std::bit_cast<SharedStart*>(bytes));
    start_one(*start, std::move(received.descriptors));
  }
}

/** Starts the thread, and returns once it has a table of its own. False where it cannot be had. */
bool prepare() {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return false;
  auto table = std::make_shared<Start>();
  const int own = pair[1];
  const bool is_started = start_detached([table, own] {
    const int error = unshare(CLONE_FILES) == 0 ? 0 : errno;
    settle(*table, error, -1);
    if (error != 0) return;
    close_others(own);
    serve_starts(own);
  });
  if (is_started) {
    std::unique_lock lock(table->mutex);
    table->settled.wait(lock, [&] { return table->is_settled; });
  }
  close(own);
  if (is_started && table->error == 0) {
    starter_socket = pair[0];
    return true;
  }
  close(pair[0]);
  return false;
}

class ProgramCall : public IoJob {
 public:
  ProgramCall(Napi::Env env, SharedStart start, UniqueFd socket, int timeout)
      : IoJob(env, "posix_spawn"), start_(std::move(start)), socket_(std::move(socket)), timeout_(timeout) {}

  int run() override {
    const auto end = Clock::now() + std::chrono::milliseconds(timeout_);
    UniqueFd messages;
    if (const int error = send(messages); error != 0) return error;
    {
      std::unique_lock lock(start_->mutex);
      const auto is_settled = [&] { return start_->is_settled; };
      if (timeout_ == kForever) start_->settled.wait(lock, is_settled);
      else if (!start_->settled.wait_until(lock, end, is_settled)) return 0;
      if (start_->error != 0) return start_->error;
    }
    const bool is_in_time = read_messages(messages, end);
    if (!is_in_time) kill(start_->pid, SIGKILL);
    reap(is_in_time);
    return 0;
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object end = Napi::Object::New(env);
    end.Set("status", status_ < 0 ? env.Undefined() : Napi::Number::New(env, status_));
    end.Set("message", Napi::String::New(env, message_));
    return end;
  }

 private:
  using Clock = std::chrono::steady_clock;

  /** Hands the start over; gives the end of a pipe on which the program's messages come. */
  int send(UniqueFd& messages) {
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) return errno;
    messages = UniqueFd(pipe_ends[0]);
    const UniqueFd standard_error(pipe_ends[1]);
    auto handed = std::make_unique<SharedStart>(start_);
    const auto bytes = std::bit_cast<PointerBytes>(handed.get());
    messages_sent.fetch_add(1, std::memory_order_release);
    const int passed[] = {standard_error.get(), socket_.get()};
    if (send_bytes_with(starter_socket, bytes.data(), bytes.size(), passed, socket_.valid() ? 2 : 1) < 0) return errno;
    static_cast<void>(handed.release());
    socket_.reset();
    return 0;
  }

  /** False when the time is up before the program has closed its end. */
  bool read_messages(const UniqueFd& messages, Clock::time_point end) {
    for (;;) {
      int left = kForever;
      if (timeout_ != kForever) {
        const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
        left = static_cast<int>(std::max<int64_t>(rest.count(), 0));
      }
      pollfd waiting{messages.get(), POLLIN, 0};
      const int ready = poll(&waiting, 1, left);
      if (ready == 0) return false;
      if (ready < 0) continue;
      std::array<char, kMaxMessage> bytes{};
      const ssize_t got = read(messages.get(), bytes.data(), bytes.size());
      if (got <= 0) return true;
      message_.append(bytes.data(), std::min(static_cast<size_t>(got), kMaxMessage - message_.size()));
    }
  }

  /** Of a program that was killed nobody waits for the end: what it waits for may never come. */
  void reap(bool is_awaited) {
    const pid_t pid = start_->pid;
    int status = 0;
    if (!is_awaited) {
      static_cast<void>(start_detached([pid] {
        while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
        }
      }));
      return;
    }
    pid_t got = 0;
    do got = waitpid(pid, &status, 0);
    while (got < 0 && errno == EINTR);
    if (got == pid && WIFEXITED(status)) status_ = WEXITSTATUS(status);
  }

  const SharedStart start_;
  UniqueFd socket_;
  const int timeout_;
  /** -1: a signal ended it, or it was given up. */
  int status_ = -1;
  std::string message_;
};

/** prepareForPrograms(): whether programs are started apart from now on. */
Napi::Value prepare_for_programs(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), starter_socket >= 0 || prepare());
}

std::vector<std::string> texts_of(const Napi::Value& given) {
  const auto array = given.As<Napi::Array>();
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < array.Length(); ++i)
    texts.push_back(static_cast<Napi::Value>(array[i]).As<Napi::String>().Utf8Value());
  return texts;
}

/** runProgram(words, environment, socket, timeout): undefined where programs are not started apart. */
Napi::Value run_program(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (starter_socket < 0) return env.Undefined();
  auto start = std::make_shared<Start>();
  start->words = texts_of(info[0]);
  start->environment = texts_of(info[1]);
  const int given = info[2].As<Napi::Number>().Int32Value();
  UniqueFd socket(given < 0 ? -1 : fcntl(given, F_DUPFD_CLOEXEC, kFirst));
  if (start->words.empty() || (given >= 0 && !socket.valid())) {
    make_system_error(env, "posix_spawn", start->words.empty() ? EINVAL : errno).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const int timeout = info[3].As<Napi::Number>().Int32Value();
  return default_pool(env)->submit(std::make_unique<ProgramCall>(env, std::move(start), std::move(socket), timeout));
}

}  // namespace

void export_apart_programs(Napi::Env env, Napi::Object exports) {
  exports.Set("prepareForPrograms", Napi::Function::New(env, prepare_for_programs));
  exports.Set("runProgram", Napi::Function::New(env, run_program));
}

}  // namespace isodrive
