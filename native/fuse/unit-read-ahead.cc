#include "unit-read-ahead.hh"

#include <algorithm>

namespace isodrive {
namespace {

/** Bytes that are decoded at a time, unless a unit is larger, and how far ahead of a reader. */
constexpr uint64_t kStepBytes = uint64_t{256} << 10;
constexpr uint64_t kAheadBytes = uint64_t{1} << 20;
/** Threads may take the requests of one reader in another order than it made them. */
constexpr uint64_t kDisorderBytes = uint64_t{1} << 20;

}  // namespace

std::optional<UnitSpan> UnitReadAhead::note(const UnitSpan& read) {
  const std::lock_guard lock(mutex_);
  Reader& reader = find(read);
  reader.used_at = ++clock_;
  const bool is_in_order = reader.next != 0 && read.end > reader.next;
  if (reader.next == 0) reader = {read.file.number, read.end, read.end, 0, clock_};
  reader.steps += is_in_order ? 1 : 0;
  reader.next = std::max(reader.next, read.end);
  if (reader.steps == 0) return std::nullopt;
  const uint64_t unit = read.file.unit_bytes;
  const uint64_t start = (std::max(reader.asked, reader.next) + unit - 1) / unit * unit;
  const uint64_t step = std::max(kStepBytes / unit, uint64_t{1}) * unit;
  if (start >= read.file.size || start + step > reader.next + std::max(kAheadBytes, 2 * unit)) return std::nullopt;
  reader.asked = std::min(start + step, read.file.size);
  return UnitSpan{read.file, start, reader.asked};
}

UnitReadAhead::Reader& UnitReadAhead::find(const UnitSpan& read) {
  Reader* oldest = &readers_.front();
  for (Reader& reader : readers_) {
    const bool is_near = reader.file == read.file.number && read.start <= reader.next + kDisorderBytes / 8 &&
                         read.end + kDisorderBytes > reader.next;
    if (reader.next != 0 && is_near) return reader;
    if (reader.used_at < oldest->used_at) oldest = &reader;
  }
  *oldest = {};
  return *oldest;
}

}  // namespace isodrive
