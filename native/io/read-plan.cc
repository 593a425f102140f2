#include "read-plan.hh"

#include <algorithm>

namespace isodrive {
namespace {

/** Numbers of TypeScript are exact up to here. */
constexpr uint64_t kMaxBytes = uint64_t{1} << 53;

uint64_t wide(const uint32_t* words, uint64_t field) {
  return words[field] | static_cast<uint64_t>(words[field + 1]) << 32;
}

/** Whether a byte behind those of a segment lies at or before `position` of a stream. */
bool ends_before(const uint32_t* words, uint64_t stream, uint64_t position) {
  const uint64_t own = words[layout::SEGMENT_STREAM];
  if (own != stream) return own < stream;
  return wide(words, layout::SEGMENT_START_LOW) + wide(words, layout::SEGMENT_LENGTH_LOW) <= position;
}

}  // namespace

uint64_t ReadPlan::file_bytes(uint64_t file) const {
  if (file >= count(layout::HEADER_PLAN_FILES, layout::MAX_FILES)) return 0;
  return std::min(wide(words(layout::PLAN_FILES_OFFSET), file * layout::FILE_WORDS), kMaxBytes);
}

std::optional<UnitFile> ReadPlan::units(uint32_t base) const {
  const uint64_t files = count(layout::HEADER_PLAN_FILES, layout::MAX_FILES);
  const uint64_t count = this->count(layout::HEADER_PLAN_UNITS, layout::MAX_UNIT_BASES);
  if (base < files || base - files >= count) return std::nullopt;
  const uint32_t* at = words(layout::PLAN_UNITS_OFFSET) + (base - files) * layout::UNIT_BASE_WORDS;
  const UnitFile found{UnitFile::base(base - files), at[layout::UNIT_BASE_UNIT_BYTES],
                       wide(at, layout::UNIT_BASE_SIZE_LOW)};
  const bool is_true = at[layout::UNIT_BASE_FILLER] == layout::FILLER_SCRIPT && found.unit_bytes > 0 &&
                       found.unit_bytes <= layout::MAX_UNIT_BYTES && found.size <= kMaxBytes;
  return is_true ? std::optional(found) : std::nullopt;
}

std::optional<Segment> ReadPlan::find(uint64_t stream, uint64_t position) const {
  const uint64_t count = this->count(layout::HEADER_PLAN_SEGMENTS, layout::MAX_SEGMENTS);
  uint64_t low = 0;
  uint64_t high = count;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (ends_before(segment(middle), stream, position)) low = middle + 1;
    else high = middle;
  }
  if (low == count) return std::nullopt;
  const uint32_t* at = segment(low);
  const uint32_t kind = at[layout::SEGMENT_KIND];
  const Segment found{kind & layout::SEGMENT_KIND_MASK,     wide(at, layout::SEGMENT_START_LOW),
                      wide(at, layout::SEGMENT_LENGTH_LOW), at[layout::SEGMENT_BASE],
                      wide(at, layout::SEGMENT_OFFSET_LOW), at[layout::SEGMENT_UNIT],
                      at[layout::SEGMENT_STRIDE],           (kind & layout::SEGMENT_SWAP) != 0};
  if (at[layout::SEGMENT_STREAM] != stream || found.start > position) return std::nullopt;
  // A sum that wraps would have made a segment out of nothing.
  if (found.length > kMaxBytes || position - found.start >= found.length) return std::nullopt;
  if (found.kind != layout::SEGMENT_KIND_BYTES) return found;
  const bool is_true = found.unit > 0 && found.unit <= found.stride && found.stride <= layout::MAX_STRIDE &&
                       found.length / found.unit <= kMaxBytes / found.stride && found.offset <= kMaxBytes &&
                       found.base < this->count(layout::HEADER_PLAN_FILES, layout::MAX_FILES) +
                                        this->count(layout::HEADER_PLAN_UNITS, layout::MAX_UNIT_BASES);
  return is_true ? std::optional(found) : std::nullopt;
}

}  // namespace isodrive
