// Units that are being decoded, and who waits for them. It has no lock of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "io/unit-reader.hh"
#include "waiting-request.hh"

namespace isodrive {

class UnitFills {
 public:
  struct Fill {
    UnitSpan span;
    std::vector<WaitingRequest> waiting;
  };
  using Fills = std::unordered_map<uint64_t, Fill>;

  const Fills& all() const { return fills_; }
  /** The one that has the unit at `span.start`; null where there is none. */
  Fill* find(const UnitSpan& span);
  /** A new one, of as much as none has and one call may decode. */
  Fill& start(uint64_t ticket, UnitSpan span);
  /** Those that nobody waits for. */
  size_t count_ahead() const;
  std::optional<Fill> take(uint64_t ticket);
  struct Removed {
    WaitingRequest request;
    /** Of the fill that nobody waits for now. */
    std::optional<uint64_t> abandoned;
  };
  /** Takes out a request that waits. */
  std::optional<Removed> remove(uint64_t unique);
  /** Drops those that nobody waits for. */
  void drop_ahead();
  Fills take_all();

 private:
  Fills fills_;
};

}  // namespace isodrive
