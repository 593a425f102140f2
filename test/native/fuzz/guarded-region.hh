// An index region whose unused memory must not be touched: what is read beyond the bytes that an input gives ends the
// process, in the sanitizer to the byte and without it to the page.
//
// Form of an input, little-endian: header words for rows, bytes of names and extents (u32 each), which may say
// anything; then how many rows, bytes and extents follow (u16 each), and those.
#pragma once

#include <cstdint>

#include "fuzz-input.hh"

namespace isodrive::fuzz {

class GuardedRegion {
 public:
  GuardedRegion();
  GuardedRegion(const GuardedRegion&) = delete;
  GuardedRegion& operator=(const GuardedRegion&) = delete;

  /** Fills the region from the front of the input. */
  void fill(FuzzInput& input);
  /** A read plan of one file that is the disc, so many bytes. */
  void plan_whole(uint64_t bytes);
  /** Any plan over such a file: segments that it says (u32) and files (u32), segments there (u16), their words. */
  void plan_any(FuzzInput& input, uint64_t bytes);
  /** Bases in units of that plan: how many it says (u32), words of one. Without them there are none. */
  void plan_units(FuzzInput& input);
  /** Copies what is there to a whole region. */
  void copy_to(uint8_t* region) const;
  uint8_t* data() const { return data_; }
  /** Rows that are there. */
  uint32_t rows() const { return rows_; }

 private:
  /** Puts the bytes at an offset, and forbids what follows. */
  void set_plan(uint64_t bytes, uint32_t files, uint32_t segments);
  void place(uint64_t offset, Bytes bytes);

  uint8_t* data_;
  uint32_t rows_ = 0;
};

}  // namespace isodrive::fuzz
