// Tells which units to decode ahead of readers that go through a file in order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

#include "io/unit-reader.hh"

namespace isodrive {

class UnitReadAhead {
 public:
  /** Notes a read; gives whole units that its reader will want soon, each once. */
  std::optional<UnitSpan> note(const UnitSpan& read);

 private:
  /** A reader of a file. */
  struct Reader {
    uint64_t file = 0;
    /** Where it reads next if it goes on in order, and up to where its units were asked for; no reader with 0. */
    uint64_t next = 0;
    uint64_t asked = 0;
    /** Reads in order so far. */
    uint32_t steps = 0;
    uint64_t used_at = 0;
  };
  static constexpr size_t kReaders = 16;

  Reader& find(const UnitSpan& read);

  std::mutex mutex_;
  std::array<Reader, kReaders> readers_;
  uint64_t clock_ = 0;
};

}  // namespace isodrive
