// Reads what is stored in units from the decoded units that are in memory; what lacks is for the session to have
// decoded.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "unit-cache.hh"

namespace isodrive {

/** What is stored in units: the content of a row of the index, or a base of the read plan. */
struct UnitFile {
  /** The row's number, or UnitFile::base of that of the base. */
  uint64_t number;
  uint32_t unit_bytes;
  /** Bytes. */
  uint64_t size;

  /** Rows have 32 bits. */
  static constexpr uint64_t kBases = uint64_t{1} << 32;
  static uint64_t base(uint64_t number) { return kBases + number; }

  bool is_base() const { return number >= kBases; }
  uint64_t unit_of(uint64_t offset) const { return offset / unit_bytes; }
  /** Byte behind the last of a unit. */
  uint64_t end_of(uint64_t unit) const {
    const uint64_t end = (unit + 1) * unit_bytes;
    return end < size ? end : size;
  }
};

/** Bytes of what is stored in units. */
struct UnitSpan {
  UnitFile file;
  uint64_t start;
  uint64_t end;
};

/** What came of units that were to be decoded: the unit, or the errno. */
struct FilledUnit {
  UnitPtr unit;
  int error;
};

/** Units that follow each other. */
struct FilledUnits {
  uint64_t file;
  uint64_t first;
  std::vector<FilledUnit> units;
};

/** What a request has waited for: it is answered with that, wherever the cache has dropped it meanwhile. */
using HeldUnits = std::vector<std::shared_ptr<const FilledUnits>>;

/** Of the thread that reads. */
class UnitObserver {
 public:
  /** What the request that is being read for has waited for. */
  virtual const HeldUnits& held() const = 0;
  /** Units that are read. */
  virtual void uses(const UnitSpan& span) = 0;
  /** These have to be decoded first; whole units. */
  virtual void lacks(const UnitSpan& span) = 0;

 protected:
  ~UnitObserver() = default;
};

class UnitReader {
 public:
  /** Borrows both. `space`: of the mount in the cache. */
  UnitReader(UnitCache& cache, uint64_t space, UnitObserver& observer)
      : cache_(cache), space_(space), observer_(observer) {}

  /** Result of the calls below: the observer was told which units lack. */
  static constexpr int kLacking = -3;

  /**
   * Fills `target`; 0, kLacking, or the errno. `until`: byte before which more is wanted next, and is told to lack as
   * well.
   */
  int read(void* target, size_t length, const UnitFile& file, uint64_t offset, uint64_t until) const;
  /** Finds bytes in memory: adds the units that have them, which keeps them there, and where they lie. As `read`. */
  int pin(size_t length, const UnitFile& file, uint64_t offset, uint64_t until, std::vector<UnitPtr>& units,
          std::vector<iovec>& pieces) const;
  /** Whether the unit that holds a byte is in memory. */
  bool contains(const UnitFile& file, uint64_t offset) const;
  /**
   * Keeps units that were decoded, `length` bytes in all. `errors`: for each an errno, or 0; none where all are
   * there. `error` is for all of them, when it is not 0.
   */
  std::shared_ptr<const FilledUnits> keep(const UnitSpan& span, int error, const uint8_t* bytes, size_t length,
                                          const std::vector<int>& errors) const;

 private:
  FilledUnit find(const UnitFile& file, uint64_t unit) const;

  UnitCache& cache_;
  const uint64_t space_;
  UnitObserver& observer_;
};

}  // namespace isodrive
