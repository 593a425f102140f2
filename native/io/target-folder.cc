#include "target-folder.hh"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace isodrive {
namespace {

/** Of linux/openat2.h, which is as young as Linux 5.6. */
constexpr long kOpenat2 = 437;
constexpr uint64_t kNoSymlinks = 4;
struct OpenHow {
  uint64_t flags;
  uint64_t mode;
  uint64_t resolve;
};

UniqueFd open_directory(const std::string& path) {
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const OpenHow how{kFlags, 0, kNoSymlinks};
  UniqueFd directory(static_cast<int>(syscall(kOpenat2, AT_FDCWD, path.c_str(), &how, sizeof(how))));
  // Before Linux 5.6, and where a sandbox does not know the call.
  if (!directory.valid() && (errno == ENOSYS || errno == EPERM)) return UniqueFd(open(path.c_str(), kFlags));
  return directory;
}

}  // namespace

TargetFolder::TargetFolder(const std::string& path)
    : directory_(open_directory(path)), user_(geteuid()), group_(getegid()) {}

UniqueFd TargetFolder::create(const char* name, const FileAccess& access) {
  const bool stays_ours = access.owner == kNoOwner || (access.owner == user_ && access.group == group_);
  const mode_t mode = stays_ours ? access.mode & 0777 : 0600;
  UniqueFd file(openat(get(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (file.valid() && (!is_known_ || asked_ != mode)) {
    is_known_ = fstat(file.get(), &made_) == 0;
    asked_ = mode;
  }
  return file;
}

bool TargetFolder::finish(int file, const FileAccess& access) const {
  const bool is_owned = is_known_ && made_.st_uid == access.owner && made_.st_gid == access.group;
  const bool has_owner = access.owner == kNoOwner || is_owned;
  // The owner first, since a change of it clears setuid bits.
  if (!has_owner && fchown(file, access.owner, access.group) != 0) return false;
  const bool has_mode = has_owner && is_known_ && (made_.st_mode & 07777) == access.mode;
  return has_mode || fchmod(file, access.mode) == 0;
}

}  // namespace isodrive
