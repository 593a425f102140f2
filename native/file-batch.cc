// Writes many small files in one call of a lane: each under a draft's name first, then renamed to a name that must be free.
#include "file-batch.hh"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "unique-fd.hh"

namespace isodrive {
namespace {

/** RENAME_NOREPLACE of linux/fs.h, which not every C library declares. */
constexpr unsigned kNoReplace = 1;
constexpr uint32_t kNoOwner = 0xffffffff;

/** As RECORD of src/present/extract/file-batches.ts, little-endian; the bytes of all three lengths follow. */
struct Record {
  uint32_t directory_bytes;
  uint32_t name_bytes;
  uint32_t content_bytes;
  uint32_t owner;
  uint32_t group;
  uint32_t mode;
  uint32_t accessed_microseconds;
  uint32_t modified_microseconds;
  int64_t accessed;
  int64_t modified;
};
static_assert(sizeof(Record) == 48);

bool write_all(int fd, const char* bytes, size_t length) {
  while (length > 0) {
    const ssize_t done = write(fd, bytes, length);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    bytes += done;
    length -= static_cast<size_t>(done);
  }
  return true;
}

/** Content, owner, mode and times, in the order that keeps them: chown clears setuid bits, and everything sets times. */
bool fill(int fd, const Record& record, const char* content) {
  if (!write_all(fd, content, record.content_bytes)) return false;
  if (record.owner != kNoOwner && fchown(fd, record.owner, record.group) != 0) return false;
  if (fchmod(fd, record.mode) != 0) return false;
  const timespec times[2] = {
      {static_cast<time_t>(record.accessed), static_cast<long>(record.accessed_microseconds) * 1000},
      {static_cast<time_t>(record.modified), static_cast<long>(record.modified_microseconds) * 1000},
  };
  return futimens(fd, times) == 0;
}

bool place(int directory, const char* draft, const std::string& name, const Record& record, const char* content) {
  const UniqueFd file(openat(directory, draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return false;
  if (fill(file.get(), record, content) &&
      syscall(SYS_renameat2, directory, draft, directory, name.c_str(), kNoReplace) == 0) {
    return true;
  }
  unlinkat(directory, draft, 0);
  return false;
}

class WriteFilesCall : public LaneJob {
 public:
  WriteFilesCall(Napi::Env env, std::string draft, std::string records)
      : LaneJob(env, "write"), draft_(std::move(draft)), records_(std::move(records)) {}

  int run() override {
    UniqueFd directory;
    for (size_t at = 0; records_.size() - at >= sizeof(Record);) {
      Record record;
      std::memcpy(&record, records_.data() + at, sizeof(record));
      at += sizeof(record);
      const uint64_t length = uint64_t{record.directory_bytes} + record.name_bytes + record.content_bytes;
      if (length > records_.size() - at) return EINVAL;
      if (record.directory_bytes > 0) {
        const std::string path(records_, at, record.directory_bytes);
        directory = UniqueFd(open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      }
      const std::string name(records_, at + record.directory_bytes, record.name_bytes);
      const char* content = records_.data() + at + record.directory_bytes + record.name_bytes;
      const bool is_plain = !name.empty() && name != "." && name != ".." && name.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
      written_ += is_plain && directory.valid() && place(directory.get(), draft_.c_str(), name, record, content) ? '\1' : '\0';
      at += length;
    }
    return 0;
  }

  /** A byte a record: 1 for one that is written, 0 for one of which nothing is there. */
  Napi::Value result(Napi::Env env) override {
    Napi::ArrayBuffer written = Napi::ArrayBuffer::New(env, written_.size());
    std::memcpy(written.Data(), written_.data(), written_.size());
    return written;
  }

 private:
  const std::string draft_;
  const std::string records_;
  std::string written_;
};

}  // namespace

std::unique_ptr<LaneJob> write_files_job(const Napi::CallbackInfo& info) {
  const auto text = [&](size_t index) {
    const Napi::Uint8Array bytes = info[index].As<Napi::Uint8Array>();
    return std::string(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength());
  };
  return std::make_unique<WriteFilesCall>(info.Env(), text(1), text(2));
}

}  // namespace isodrive
