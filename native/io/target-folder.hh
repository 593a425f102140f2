// A directory of the user's that extraction writes new files into, and what such a file is by itself.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "system/unique-fd.hh"

namespace isodrive {

/** Owner, or kNoOwner, group and permission bits that a file is to have. */
struct FileAccess {
  uint32_t owner;
  uint32_t group;
  uint32_t mode;
};
/** The owner of a file that stays this process's. */
constexpr uint32_t kNoOwner = 0xffffffff;

class TargetFolder {
 public:
  /**
   * Opens it; no symlink may lead there: the target's own path is resolved, and what is below it is made by
   * extraction.
   */
  explicit TargetFolder(const std::string& path);

  bool valid() const { return directory_.valid(); }
  int get() const { return directory_.get(); }

  /**
   * Makes a file; errno is set where it is not valid. One that is to be somebody else's is ours alone until it has
   * its
   * owner.
   */
  UniqueFd create(const char* name, const FileAccess& access);
  /** Gives the file that was made last the owner and mode that it lacks; false with errno. */
  bool finish(int file, const FileAccess& access) const;

 private:
  const UniqueFd directory_;
  const uid_t user_;
  const gid_t group_;
  /** Whether `made_` is what a file that is made with the mode `asked_` gets here: the umask, lists and group say. */
  bool is_known_ = false;
  mode_t asked_ = 0;
  struct stat made_ {};
};

}  // namespace isodrive
