// Where the bytes of a disc's streams lie in the files of its image: the lock-free reader of what TypeScript has
// written into the index region (src/index/plan-section.ts). Another process may have written it and crashed: each
// number is checked where it is used, so a plan that lies shows wrong bytes of the same files, and never makes a
// stray read.
#pragma once

#include <cstdint>
#include <optional>

#include "index/index-layout.hh"
#include "unit-reader.hh"

namespace isodrive {

/** A part of a stream that is stored in one way. */
struct Segment {
  uint64_t kind;
  /** Byte offset in the stream, and bytes. */
  uint64_t start;
  uint64_t length;
  /**
   * Of kind SEGMENT_KIND_BYTES: byte i is byte `offset + i / unit * stride + i % unit` of a base: files, then
   * units.
   */
  uint32_t base;
  uint64_t offset;
  uint32_t unit;
  uint32_t stride;
  /** The bytes of each pair change places. */
  bool swap16;

  bool is_run() const { return unit == stride && !swap16; }
  /** Byte offset in the base of byte `within` of the segment. */
  uint64_t place(uint64_t within) const { return offset + within / unit * stride + within % unit; }
};

class ReadPlan {
 public:
  explicit ReadPlan(const uint8_t* region) : region_(region) {}

  /** Bytes of a file, as the plan says; 0 for one that it does not have. */
  uint64_t file_bytes(uint64_t file) const;
  /** Of a segment's base: what is stored in units; none where it is a file, or cannot be true. */
  std::optional<UnitFile> units(uint32_t base) const;
  /** The segment that holds byte `position` of a stream; none where no segment does, or one that cannot be true. */
  std::optional<Segment> find(uint64_t stream, uint64_t position) const;

 private:
  /** A word of the header; 0 where a region cannot hold so much. */
  uint64_t count(uint64_t word, uint64_t most) const { return words(0)[word] <= most ? words(0)[word] : 0; }
  const uint32_t* words(uint64_t offset) const { return reinterpret_cast<const uint32_t*>(region_ + offset); }
  const uint32_t* segment(uint64_t i) const { return words(layout::PLAN_SEGMENTS_OFFSET) + i * layout::SEGMENT_WORDS; }

  const uint8_t* region_;
};

}  // namespace isodrive
