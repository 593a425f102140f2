// Reads streams of a disc by the read plan: the native twin of src/disc/plan-stream.ts.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "file-reader.hh"
#include "read-plan.hh"
#include "system/unique-fd.hh"
#include "unit-reader.hh"

namespace isodrive {

/** Bytes of a file in its mapping, for one system call. */
struct MappedBytes {
  const FileReader* file;
  /** Range of the file to be dropped again, and what of it is wanted. */
  uint64_t offset;
  size_t length;
  /** The first is left to whoever sends them. */
  std::vector<iovec>& vectors;
};

class DataReader {
 public:
  /** Takes `files`, by their number in the plan; borrows the region, `observer` and `units`. */
  DataReader(const uint8_t* region, std::vector<UniqueFd> files, WaitObserver& observer, const UnitReader& units);
  DataReader(const DataReader&) = delete;
  DataReader& operator=(const DataReader&) = delete;

  static constexpr int kPostponed = FileReader::kPostponed;
  /** Result of `map`: the bytes have to be read by `read`. */
  static constexpr int kUnmapped = -2;

  static constexpr int kLacking = UnitReader::kLacking;

  /**
   * Fills `target` with bytes of a stream; 0, kPostponed, kLacking, or the errno: EIO for what the image does not
   * hold.
   */
  int read(void* target, size_t length, uint64_t stream, uint64_t position) const;
  /**
   * Finds bytes of a stream in the mapping of a file: 0 with `mapped` set, kPostponed, or kUnmapped. What was mapped
   * is to be dropped.
   */
  int map(size_t length, uint64_t stream, uint64_t position, std::optional<MappedBytes>& mapped) const;

  /** For the content of rows that is stored in units. */
  const UnitReader& units() const { return units_; }

 private:
  int read_segment(uint8_t* target, size_t length, const Segment& segment, uint64_t within) const;
  int read_from_units(uint8_t* target, size_t length, const Segment& segment, uint64_t within) const;
  int read_stride(uint8_t* target, size_t length, const Segment& segment, uint64_t within) const;
  int read_swapped(uint8_t* target, size_t length, Segment segment, uint64_t within) const;

  ReadPlan plan_;
  std::vector<std::unique_ptr<FileReader>> files_;
  const UnitReader& units_;
};

}  // namespace isodrive
