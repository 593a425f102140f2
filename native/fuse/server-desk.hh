// Where requests wait for JavaScript: for directories that are not loaded yet, for units that are not decoded, and
// for content that it gives.
// Whoever serves them may come late, go, and be followed by another: what waits is then asked for again. Each request
// is answered once, through the descriptor it was read from, and no memory of JavaScript's is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "request-log.hh"
#include "unit-fills.hh"
#include "waiting-request.hh"

namespace isodrive {

/** Answers for JavaScript; called under the desk's lock, from any thread, and must not wait. */
class SessionServer {
 public:
  /** A directory has to be loaded. */
  virtual void load(uint32_t row) = 0;
  /**
   * Content has to be read, or, with no `length`, a file to be opened; `reply` is to be called with the ticket,
   * whatever comes of
   * it.
   */
  virtual void read(uint64_t ticket, uint32_t row, uint64_t offset, size_t length) = 0;
  /** Units have to be decoded; `take_fill` is to be called with the ticket, whatever comes of it. */
  virtual void fill(uint64_t ticket, const UnitSpan& span) = 0;
  /** Nobody waits for that content, or for those units, any more. */
  virtual void cancel(uint64_t ticket) = 0;

 protected:
  ~SessionServer() = default;
};

class ServerDesk {
 public:
  /** `wanted` is called, under the lock, when something waits and nobody serves. */
  ServerDesk(RequestLog& log, std::function<void()> wanted) : log_(log), wanted_(std::move(wanted)) {}

  /** From now on `server` is asked, for what waits already too. */
  void attach(SessionServer* server);
  /** It is asked no more; nothing once another was attached. */
  void detach(SessionServer* server);
  /** Answers all that waits with an errno, and, where that is final, all that would from now on. */
  void fail(int error, bool is_final);

  /** The mount is gone: nothing is answered any more, and the server may stop its work. */
  void end();

  /** False when `is_ready` holds under the lock that `take_waiting` takes: the caller handles the request again. */
  bool park(uint32_t row, const Asked& asked, const Request& request, const std::function<bool()>& is_ready);
  /** Whether anything waits for a directory. */
  bool is_waited_for();
  /** What waits for a directory; it is the caller's to answer. */
  std::vector<WaitingRequest> take_waiting(uint32_t row);
  /**
   * Has units decoded for a request, once however many wait for them. False, and the request is untouched, when
   * `is_ready` holds under the lock that `take_fill` takes: the caller handles the request again.
   */
  bool await_units(const UnitSpan& span, WaitingRequest& request, const std::function<bool()>& is_ready);
  /** Has units decoded that somebody will want, where somebody serves, and not too many such wait already. */
  void read_ahead(const UnitSpan& span);
  /** Units that were to be decoded; none where nobody wants them any more. */
  std::optional<UnitSpan> find_fill(uint64_t ticket);
  /** Who waits for them; the requests are the caller's to answer. */
  std::vector<WaitingRequest> take_fill(uint64_t ticket);
  /** Asks for `length` bytes of content; for 0 bytes: whether a file may be opened. */
  void defer(const Asked& asked, uint32_t row, uint64_t offset, size_t length);
  /**
   * Answers a read with `length` bytes, or with `error` when it is not 0; fewer bytes than it wants are EIO, because
   * the kernel would fill the rest with zeros. Nothing when it was answered or given up before.
   */
  void reply(uint64_t ticket, int error, const void* bytes, size_t length);
  /** Answers a request that the kernel calls off with EINTR; false when it does not wait here. */
  bool interrupt(uint64_t unique);

 private:
  struct Read {
    Asked asked;
    uint32_t row;
    uint64_t offset;
    size_t length;
  };

  /** Both under the lock. */
  void want();
  bool interrupt_parked(uint64_t unique);
  bool interrupt_fill(uint64_t unique);
  void refuse(const Asked& asked, int error);

  RequestLog& log_;
  const std::function<void()> wanted_;
  std::mutex mutex_;
  SessionServer* server_ = nullptr;
  bool is_wanted_ = false;
  int failure_ = 0;
  bool has_ended_ = false;
  std::unordered_map<uint32_t, std::vector<WaitingRequest>> parked_;
  /** Numbers that JavaScript holds exactly. */
  uint64_t last_ticket_ = 0;
  std::unordered_map<uint64_t, Read> reads_;
  UnitFills fills_;
};

}  // namespace isodrive
