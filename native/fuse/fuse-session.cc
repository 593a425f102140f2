#include "fuse-session.hh"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "index/crash-note.hh"
#include "fuse-reply.hh"
#include "system/wake-signal.hh"
#include "system/worker-thread.hh"

namespace isodrive {
namespace {

/** Threads of one mount at most: reads that hang on a bad medium must not stop the others. */
constexpr int kMaxThreads = 16;
/** Pages of one request: 1 MiB, the kernel's default limit. */
constexpr uint16_t kMaxPages = 256;
constexpr uint16_t kMaxBackground = 64;
/** How long a leader looks for the next request before it sleeps: waking it costs as much on a virtual machine. */
constexpr std::chrono::microseconds kSpin{100};
/** Requests that come closer together are a burst, in which a leader spins. */
constexpr std::chrono::microseconds kBurstGap{1000};
/** Of those, how many may wait for the medium: the others answer what is in memory, and interrupts. */
constexpr size_t kMaxWaiting = 12;
/** What `take` gives when the mount is gone. */
constexpr ssize_t kEnded = -1;
/** Requests in a row for which nobody had to wait: then one thread is not enough. */
constexpr int kBacklog = 4;

/** The request that a thread of a session is at. */
struct Current {
  const Asked& asked;
  bool waits = false;
  /** Whether the thread may wait for a medium. */
  bool may_wait = true;
  /** It was one that may not, and would have to. */
  bool is_left = false;
  /** Units that it has waited for, that it has read, and that it lacks. */
  HeldUnits held{};
  std::optional<UnitSpan> used{};
  std::optional<UnitSpan> lacking{};
};
thread_local Current* current = nullptr;

}  // namespace

FuseSession::FuseSession(SessionOptions options, SessionCallbacks callbacks)
    : name_(std::move(options.name)),
      device_(std::move(options.device)),
      requests_(device_.get()),
      region_(std::move(options.region)),
      cache_(UnitCache::shared()),
      space_(cache_.new_space()),
      units_(cache_, space_, *this),
      handlers_(region_->data(), open_files(std::move(options.files)), options.volume),
      callbacks_(std::move(callbacks)),
      desk_(log_, callbacks_.wanted),
      slow_(log_, kMaxWaiting) {}

FuseSession::~FuseSession() { cache_.drop(space_); }

const DataReader* FuseSession::open_files(std::vector<UniqueFd> files) {
  if (files.empty()) return nullptr;
  return &data_.emplace(region_->data(), std::move(files), static_cast<WaitObserver&>(*this), units_);
}

bool FuseSession::start(bool is_taken_over) {
  if (is_taken_over && !resend()) read_through_clone();
  return spawn();
}

bool FuseSession::resend() {
  const wire::OutHeader notice{sizeof(notice), wire::kNotifyResend, 0};
  return write(device_.get(), &notice, sizeof(notice)) == static_cast<ssize_t>(sizeof(notice));
}

void FuseSession::read_through_clone() {
  clone_ = UniqueFd(open("/dev/fuse", O_RDWR | O_CLOEXEC | O_APPEND));
  uint32_t session = static_cast<uint32_t>(device_.get());
  if (clone_.valid() && ioctl(clone_.get(), wire::kIoctlClone, &session) != 0) clone_.reset();
  if (clone_.valid()) requests_ = clone_.get();
}

bool FuseSession::spawn() {
  const std::lock_guard lock(threads_mutex_);
  if (threads_ >= kMaxThreads) return true;
  // Nobody waits for it: it may wait for a medium that never answers.
  const bool is_started = start_detached([self = shared_from_this()] {
    pthread_setname_np(pthread_self(), self->name_.c_str());
    note_crashes_in(self->region_->data());
    self->serve();
    stop_noting_crashes_in(self->region_->data());
    if (self->has_ended_.exchange(true)) return;
    self->desk_.end();
    self->cache_.drop(self->space_);
    self->callbacks_.end();
  });
  if (is_started) threads_ += 1;
  return is_started;
}

void FuseSession::call_for_lead() {
  if (!leadership_.call_follower()) spawn();
}

bool FuseSession::will_wait() {
  if (current != nullptr && !current->waits) {
    current->is_left = !current->may_wait;
    if (current->is_left || !slow_.begin(current->asked)) return false;
    current->waits = true;
  }
  call_for_lead();
  return true;
}

void FuseSession::may_wait() {
  if (!leadership_.call_watcher()) spawn();
}

ssize_t FuseSession::take(int device, uint8_t* buffer, pid_t self) {
  if (!leadership_.take()) return kEnded;
  const Clock::time_point start = Clock::now();
  const bool waited = !in_burst_ || spin(device, start);
  reader_ = self;
  const ssize_t got = read(device, buffer, wire::kRequestBytes);
  const int error = errno;
  reader_ = 0;
  // ENOENT: the request was interrupted before it was read. ENODEV: unmounted.
  const bool ended = is_disconnected_ || (got < 0 && error != EINTR && error != ENOENT && error != EAGAIN);
  in_burst_ = Clock::now() - start < kBurstGap;
  backlog_ = waited ? 0 : backlog_ + 1;
  const bool share = backlog_ >= kBacklog && busy_ + 1 < most_busy_;
  if (share) backlog_ = 0;
  if (ended) leadership_.end();
  else leadership_.give_up();
  if (share) call_for_lead();
  return ended ? kEnded : std::max<ssize_t>(got, 0);
}

bool FuseSession::spin(int device, Clock::time_point start) const {
  pollfd waiting{device, POLLIN, 0};
  if (poll(&waiting, 1, 0) != 0) return false;
  // A thread that is busy wants its processor, and its client the other one.
  if (most_busy_ == 0 || busy_ > 0) return true;
  do {
    sched_yield();
  } while (poll(&waiting, 1, 0) == 0 && Clock::now() - start < kSpin);
  return true;
}

int FuseSession::count_threads() {
  const std::lock_guard lock(threads_mutex_);
  return threads_;
}

bool FuseSession::is_neglected() {
  pollfd queue{requests_, POLLIN, 0};
  const bool waits = poll(&queue, 1, 0) > 0 && (queue.revents & POLLIN) != 0;
  const uint64_t handled = log_.counters().requests;
  const bool neglected = waits && did_wait_ && handled == handled_then_ && busy_ < count_threads();
  did_wait_ = waits;
  handled_then_ = handled;
  return neglected;
}

void FuseSession::serve() {
  // Zeroed, so that its pages are there: a request whose copy meets a fault while the process is being killed is lost.
  const std::unique_ptr<uint8_t[]> buffer(new uint8_t[wire::kRequestBytes]());
  const std::unique_ptr<uint8_t[]> scratch(new uint8_t[kScratchBytes]);
  const pid_t self = let_wake_signal_in();
  for (;;) {
    const int device = requests_;
    const ssize_t got = take(device, buffer.get(), self);
    if (got == kEnded) return;
    answer(device, buffer.get(), static_cast<size_t>(got), scratch.get());
  }
}

void FuseSession::answer(int device, const uint8_t* bytes, size_t length, uint8_t* scratch) {
  if (length < sizeof(wire::InHeader)) return;
  Request request;
  std::memcpy(&request.header, bytes, sizeof(request.header));
  request.arguments = bytes + sizeof(request.header);
  request.size = length - sizeof(request.header);
  if (request.header.opcode == wire::kInit) {
    greet(device, request);
    return;
  }
  busy_ += 1;
  const Asked asked = Asked::of(device, request);
  log_.begin(asked);
  work(asked, request, scratch);
  busy_ -= 1;
}

void FuseSession::greet(int device, const Request& request) {
  wire::InitIn in{};
  std::memcpy(&in, request.arguments, std::min(request.size, sizeof(in)));
  if (in.major != wire::kMajor) {
    send_error(device, request.header.unique, EPROTO);
    return;
  }
  const bool extended = (in.flags & wire::kInitExt) != 0;
  const uint64_t offered = in.flags | (extended ? static_cast<uint64_t>(in.flags2) << 32 : 0);
  const uint64_t wanted = wire::kAsyncRead | wire::kExportSupport | wire::kDoReaddirplus | wire::kNoOpenSupport |
                          wire::kParallelDirops | wire::kMaxPages | wire::kCacheSymlinks | wire::kNoOpendirSupport |
                          wire::kInitExt | wire::kHasResend |
                          // Access control lists are obeyed, not only shown: the kernel asks for them and keeps them.
                          (handlers_.has_access_lists() ? uint64_t{wire::kPosixAcl} : 0);
  const uint64_t flags = offered & wanted;
  wire::InitOut out{};
  out.major = wire::kMajor;
  out.minor = std::min(in.minor, wire::kMinor);
  out.max_readahead = kMaxPages * 4096U;
  out.flags = static_cast<uint32_t>(flags);
  out.flags2 = static_cast<uint32_t>(flags >> 32);
  out.max_background = kMaxBackground;
  out.congestion_threshold = kMaxBackground * 3 / 4;
  out.max_write = wire::kMaxWrite;
  out.time_granularity = 1;
  out.max_pages = kMaxPages;
  send_struct(device, request.header.unique, out);
  if ((flags & wire::kHasResend) == 0) read_through_clone();
}

const HeldUnits& FuseSession::held() const {
  static const HeldUnits none;
  return current == nullptr ? none : current->held;
}

void FuseSession::uses(const UnitSpan& span) {
  if (current != nullptr) current->used = span;
}

void FuseSession::lacks(const UnitSpan& span) {
  if (current != nullptr) current->lacking = span;
}

void FuseSession::work(const Asked& asked, const Request& request, uint8_t* scratch, HeldUnits held) {
  std::optional<WaitingRequest> next = work_once(asked, request, scratch, std::move(held));
  while (next) {
    const WaitingRequest now = std::move(*next);
    next = work_once(now.asked, now.request(), scratch, now.held);
  }
}

std::optional<WaitingRequest> FuseSession::work_once(const Asked& asked, const Request& request, uint8_t* scratch,
                                                     HeldUnits held) {
  const bool is_first = held.empty();
  Current now{asked};
  now.held = std::move(held);
  current = &now;
  const bool is_answered = handle(asked, request, scratch);
  current = nullptr;
  if (is_first && now.used) {
    const std::optional<UnitSpan> next = ahead_.note(*now.used);
    if (next && !units_.contains(next->file, next->start)) desk_.read_ahead(*next);
  }
  if (!now.waits) {
    if (is_answered) log_.end(asked, last_reply_error);
    return std::nullopt;
  }
  SlowReads::Ended ended = slow_.end(asked);
  if (is_answered && !ended.was_answered) log_.end(asked, last_reply_error);
  return std::move(ended.next);
}

bool FuseSession::handle(const Asked& asked, const Request& request, uint8_t* scratch) {
  if (request.header.opcode == wire::kInterrupt) {
    interrupt(request);
    return true;
  }
  for (;;) {
    const int64_t row = handlers_.handle(asked.device, request, scratch, kScratchBytes);
    if (row == FuseHandlers::kDone) return true;
    if (row == FuseHandlers::kPostponed) {
      if (current->is_left || slow_.postpone(asked, request, current->held)) return false;
    } else if (row == FuseHandlers::kUnits) {
      WaitingRequest waiting(asked, request, current->held);
      const UnitSpan& span = *current->lacking;
      const auto is_ready = [&] { return units_.contains(span.file, span.start); };
      if (desk_.await_units(span, waiting, is_ready)) return false;
    } else if (row == FuseHandlers::kContent) {
      wire::ReadIn in;
      const size_t length = handlers_.content_length(request, in);
      desk_.defer(asked, static_cast<uint32_t>(request.header.node - 1), in.offset, length);
      return false;
    } else {
      const auto is_ready = [&] { return handlers_.state(row) != layout::STATE_UNLOADED; };
      if (desk_.park(static_cast<uint32_t>(row), asked, request, is_ready)) return false;
    }
  }
}

void FuseSession::resume(uint32_t row, int error) {
  const std::vector<WaitingRequest> waiting = desk_.take_waiting(row);
  if (waiting.empty()) return;
  const std::unique_ptr<uint8_t[]> scratch(new uint8_t[kScratchBytes]);
  for (const WaitingRequest& request : waiting) {
    Current now{request.asked};
    now.may_wait = false;
    current = &now;
    last_reply_error = error;
    if (error != 0) send_error(request.asked.device, request.asked.unique, error);
    else if (!handle(request.asked, request.request(), scratch.get())) continue;
    log_.end(request.asked, last_reply_error);
  }
  current = nullptr;
}

void FuseSession::fill(uint64_t ticket, int error, const uint8_t* bytes, size_t length,
                       const std::vector<int>& errors) {
  const std::optional<UnitSpan> span = desk_.find_fill(ticket);
  if (!span) return;
  const std::shared_ptr<const FilledUnits> filled = units_.keep(*span, error, bytes, length, errors);
  std::vector<WaitingRequest> waiting = desk_.take_fill(ticket);
  if (waiting.empty()) return;
  const std::unique_ptr<uint8_t[]> scratch(new uint8_t[kScratchBytes]);
  for (WaitingRequest& request : waiting) {
    // However many fills it needs, it has waited for JavaScript once.
    if (request.held.empty()) log_.count_decoded();
    request.held.push_back(filled);
    answer_filled(std::move(request), scratch.get());
  }
}

void FuseSession::answer_filled(WaitingRequest waiting, uint8_t* scratch) {
  Current now{waiting.asked};
  now.may_wait = false;
  now.held = waiting.held;
  current = &now;
  const bool is_answered = handle(waiting.asked, waiting.request(), scratch);
  current = nullptr;
  if (is_answered) log_.end(waiting.asked, last_reply_error);
  else if (now.is_left) answer_apart(std::move(waiting));
}

void FuseSession::answer_apart(WaitingRequest waiting) {
  const auto shared = std::make_shared<WaitingRequest>(std::move(waiting));
  const bool is_started = start_detached([self = shared_from_this(), shared] {
    note_crashes_in(self->region_->data());
    const std::unique_ptr<uint8_t[]> scratch(new uint8_t[kScratchBytes]);
    self->work(shared->asked, shared->request(), scratch.get(), shared->held);
    stop_noting_crashes_in(self->region_->data());
  });
  if (is_started) return;
  send_error(shared->asked.device, shared->asked.unique, EIO);
  log_.end(shared->asked, EIO);
}

void FuseSession::abandon() {
  slow_.abandon(EIO);
  desk_.fail(EIO, true);
}

void FuseSession::disconnect() {
  if (!is_disconnected_) {
    const UniqueFd nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!nothing.valid()) return;
    is_disconnected_ = true;
    // The numbers stay taken: threads that are at a request write their answer to nobody.
    for (const UniqueFd* device : {&device_, &clone_}) {
      if (device->valid()) dup3(nothing.get(), device->get(), O_CLOEXEC);
    }
  }
  if (const pid_t reader = reader_) wake_thread(reader);
}

void FuseSession::interrupt(const Request& request) {
  last_reply_error = 0;
  wire::InterruptIn in;
  if (!request.read(in) || slow_.interrupt(in.unique)) return;
  desk_.interrupt(in.unique);
}

}  // namespace isodrive
