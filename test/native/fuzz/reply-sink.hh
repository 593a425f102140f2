// Stands in for /dev/fuse where replies go: a file in memory, which shows what was written to it without a system call.
#pragma once

#include <cstdint>
#include <vector>

#include "fuse/fuse-wire.hh"
#include "system/unique-fd.hh"

namespace isodrive::fuzz {

class ReplySink {
 public:
  ReplySink();
  ReplySink(const ReplySink&) = delete;
  ReplySink& operator=(const ReplySink&) = delete;

  int descriptor() const { return file_.get(); }
  /**
   * Takes what was written since the last call. Ends the process where that is no run of whole replies that the kernel
   * would take (fuse_dev_do_write of fs/fuse/dev.c).
   */
  std::vector<wire::OutHeader> take();

 private:
  UniqueFd file_;
  const uint8_t* map_;
};

}  // namespace isodrive::fuzz
