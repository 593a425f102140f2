// Memory of decoded units: sparse memfds, one for each size that is a power of two. What is given back is, beyond a
// little that is kept for the next unit, given back to the system at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace isodrive {

/** Bytes of the largest unit. */
constexpr size_t kMaxUnitBytes = size_t{16} << 20;

class UnitArena {
 public:
  UnitArena() = default;
  ~UnitArena();
  UnitArena(const UnitArena&) = delete;
  UnitArena& operator=(const UnitArena&) = delete;

  /** Memory for 1 to kMaxUnitBytes bytes; null where there is none. */
  uint8_t* allocate(size_t bytes);
  /** Takes back what `allocate` gave for so many bytes. */
  void release(uint8_t* memory, size_t bytes);
  /** Bytes that a unit takes. */
  static size_t slot_bytes(size_t bytes);

 private:
  /** Slots of one size. */
  struct Slots {
    uint8_t* memory = nullptr;
    size_t used = 0;
    /** Free ones, with their pages or without. */
    std::vector<uint8_t*> warm;
    std::vector<uint8_t*> cold;
  };
  static constexpr size_t kSmallestShift = 12;
  static constexpr size_t kSizes = 13;

  std::mutex mutex_;
  std::array<Slots, kSizes> slots_;
  /** Bytes of all free slots that have their pages. */
  size_t warm_bytes_ = 0;
};

}  // namespace isodrive
