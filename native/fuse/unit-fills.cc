#include "unit-fills.hh"

#include <algorithm>
#include <utility>

namespace isodrive {
namespace {

/** Bytes of units that one call decodes, unless a unit is larger: what the kernel asks for in one request. */
constexpr uint64_t kMaxFillBytes = uint64_t{1} << 20;

bool is_ahead(const UnitFills::Fill& fill) { return fill.waiting.empty(); }

}  // namespace

UnitFills::Fill* UnitFills::find(const UnitSpan& span) {
  for (auto& [ticket, fill] : fills_) {
    if (fill.span.file.number == span.file.number && fill.span.start <= span.start && span.start < fill.span.end) {
      return &fill;
    }
  }
  return nullptr;
}

UnitFills::Fill& UnitFills::start(uint64_t ticket, UnitSpan span) {
  const uint64_t unit = span.file.unit_bytes;
  span.end = std::min(span.end, span.start + std::max(unit, kMaxFillBytes / unit * unit));
  for (const auto& [other, fill] : fills_) {
    if (fill.span.file.number == span.file.number && fill.span.start > span.start) {
      span.end = std::min(span.end, fill.span.start);
    }
  }
  return fills_.emplace(ticket, Fill{span, {}}).first->second;
}

size_t UnitFills::count_ahead() const {
  return static_cast<size_t>(
      std::count_if(fills_.begin(), fills_.end(), [](const auto& entry) { return is_ahead(entry.second); }));
}

std::optional<UnitFills::Fill> UnitFills::take(uint64_t ticket) {
  const auto found = fills_.find(ticket);
  if (found == fills_.end()) return std::nullopt;
  std::optional<Fill> fill(std::move(found->second));
  fills_.erase(found);
  return fill;
}

std::optional<UnitFills::Removed> UnitFills::remove(uint64_t unique) {
  for (auto at = fills_.begin(); at != fills_.end(); ++at) {
    std::vector<WaitingRequest>& waiting = at->second.waiting;
    const auto found = std::find_if(waiting.begin(), waiting.end(),
                                    [&](const WaitingRequest& request) { return request.asked.unique == unique; });
    if (found == waiting.end()) continue;
    Removed removed{std::move(*found), std::nullopt};
    waiting.erase(found);
    if (waiting.empty()) {
      removed.abandoned = at->first;
      fills_.erase(at);
    }
    return removed;
  }
  return std::nullopt;
}

void UnitFills::drop_ahead() {
  std::erase_if(fills_, [](const auto& entry) { return is_ahead(entry.second); });
}

UnitFills::Fills UnitFills::take_all() { return std::exchange(fills_, {}); }

}  // namespace isodrive
