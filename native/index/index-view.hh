// Lock-free reader of the index region that TypeScript writes (src/index/layout.ts). Every row number and offset is
// checked against the header, and the header against what a region can hold, so a defect of the writer shows as a
// missing file and never as a stray read. A region is of REGION_BYTES.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "index-layout.hh"

namespace isodrive {

/** A run of a file's bytes; `hole` runs read as zeros. */
struct Extent {
  uint64_t stream;
  uint64_t offset;
  uint64_t length;
  bool hole;
};

/** Words of one row; valid for the life of the region. */
class Row {
 public:
  explicit Row(const uint32_t* words) : words_(words) {}
  uint32_t word(uint64_t field) const { return words_[field]; }
  uint64_t wide(uint64_t field) const { return words_[field] | static_cast<uint64_t>(words_[field + 1]) << 32; }
  uint32_t type() const { return words_[layout::ROW_MODE] & 0170000; }
  bool directory() const { return type() == 0040000; }
  bool symlink() const { return type() == 0120000; }
  bool regular() const { return type() == 0100000; }
  /** Whether what is stored is not the content: JavaScript decodes it. */
  bool coded() const { return (word(layout::ROW_FLAGS) & layout::CODING_MASK) != 0; }
  /** Bytes of the units in which coded content is decoded; 0: JavaScript answers each read. */
  uint32_t unit_bytes() const {
    const uint32_t power = word(layout::ROW_FLAGS) >> layout::UNIT_POWER_SHIFT & layout::UNIT_POWER_MASK;
    return power < layout::MIN_UNIT_POWER || power > layout::MAX_UNIT_POWER ? 0 : 1U << power;
  }
  uint64_t size() const { return wide(layout::ROW_SIZE_LOW); }
  uint64_t inode() const { return wide(layout::ROW_INODE_LOW); }
  /** Seconds since the epoch, signed. */
  int64_t seconds(uint64_t field) const {
    return static_cast<int64_t>(words_[field]) +
           (static_cast<int64_t>(static_cast<int32_t>(words_[field + 1]) >> 20) << 32);
  }
  uint32_t nanoseconds(uint64_t field) const { return (words_[field + 1] & 0xfffffU) * 1000U; }
  /** One of STATE_*; acquire, so that what was written before the state is seen. */
  uint32_t state() const {
    return std::atomic_ref<uint32_t>(const_cast<uint32_t&>(words_[layout::ROW_STATE])).load(std::memory_order_acquire);
  }

 private:
  const uint32_t* words_;
};

class IndexView {
 public:
  explicit IndexView(const uint8_t* region) : region_(region) {}

  uint32_t row_count() const { return count(layout::HEADER_ROW_COUNT, layout::MAX_ROWS); }
  bool contains(uint64_t row) const { return row < row_count(); }
  /** To be asked for no row that is not contained. */
  Row row(uint64_t row) const { return Row(rows() + row * layout::ROW_WORDS); }
  std::string_view name(Row row) const;
  /** Target of a symlink; empty when out of bounds. */
  std::string_view target(Row row) const;
  /** Children of a loaded directory: first row and count; count 0 when out of bounds. */
  struct Children {
    uint32_t first;
    uint32_t count;
  };
  Children children(Row directory) const;
  /** Row of a child of a loaded directory, or -1. */
  int64_t lookup(Row directory, std::string_view name) const;
  /** The extent that holds byte `offset` of a file, with its start in the file; false when none does. */
  bool find_extent(Row file, uint64_t offset, Extent& extent, uint64_t& start) const;
  /** Bytes of the blob stream; empty when out of bounds. */
  std::string_view added(uint64_t offset, uint64_t length) const { return blob(offset, length); }
  /** Bytes of the extended attributes of a row, in the format of layout.ts; empty for none. */
  std::string_view attributes(Row row) const;

 private:
  /** A word of the header; 0 where a region cannot hold so much. */
  uint32_t count(uint64_t word, uint64_t most) const {
    auto* words = reinterpret_cast<uint32_t*>(const_cast<uint8_t*>(region_));
    const uint32_t found = std::atomic_ref<uint32_t>(words[word]).load(std::memory_order_acquire);
    return found <= most ? found : 0;
  }
  uint64_t blob_bytes() const { return count(layout::HEADER_BLOB_BYTES, layout::MAX_BLOB_BYTES); }
  const uint32_t* rows() const { return reinterpret_cast<const uint32_t*>(region_ + layout::ROWS_OFFSET); }
  std::string_view blob(uint64_t offset, uint64_t length) const;

  const uint8_t* region_;
};

}  // namespace isodrive
