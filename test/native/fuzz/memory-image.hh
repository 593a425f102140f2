// An image for reads of content, all of which is in the page cache: no read of it waits.
#pragma once

#include <cstdint>

#include "io/file-reader.hh"
#include "system/unique-fd.hh"

namespace isodrive::fuzz {

inline constexpr uint64_t kImageBytes = 262144;

/** Gives a new descriptor of the image; ends the process where there can be none. */
UniqueFd open_memory_image();
/** As open_memory_image, of one image for the whole process. */
UniqueFd duplicate_memory_image();

/** Lets every read wait, which none has to. */
class PatientObserver final : public WaitObserver {
 public:
  bool will_wait() override { return true; }
  void may_wait() override {}
};

}  // namespace isodrive::fuzz
