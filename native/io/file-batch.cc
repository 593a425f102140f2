// Writes many small files in one call of a pool: each under a draft's name first, then renamed to a name that must be
// free.
#include "file-batch.hh"

#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "image-window.hh"
#include "target-folder.hh"
#include "system/unique-fd.hh"

namespace isodrive {
namespace {

/** RENAME_NOREPLACE of linux/fs.h, which not every C library declares. */
constexpr unsigned kNoReplace = 1;

/** Bytes between two files for which another read would cost more. */
constexpr int64_t kMaxGap = 65536;

/** As RECORD of src/present/extract/file-batches.ts, little-endian; the bytes of the first two lengths follow. */
struct Record {
  uint32_t directory_bytes;
  uint32_t name_bytes;
  uint32_t content_bytes;
  FileAccess access;
  uint32_t accessed_microseconds;
  uint32_t modified_microseconds;
  int64_t accessed;
  int64_t modified;
  /** Of the content in the image; -1 where it follows the name. */
  int64_t position;
};
static_assert(sizeof(Record) == 56);

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(done));
  }
  return true;
}

class WriteFilesCall : public IoJob {
 public:
  WriteFilesCall(Napi::Env env, int image, std::string draft, std::string records)
      : IoJob(env, "write"), window_(image), draft_(std::move(draft)), records_(std::move(records)) {}

  int run() override {
    std::optional<TargetFolder> folder;
    Record record;
    for (size_t at = 0; next(at, record); at += sizeof(record) + following_bytes(record)) {
      const char* text = records_.data() + at + sizeof(record);
      if (following_bytes(record) > records_.size() - at - sizeof(record)) return EINVAL;
      if (record.directory_bytes > 0) folder.emplace(std::string(text, record.directory_bytes));
      const std::string name(text + record.directory_bytes, record.name_bytes);
      const bool has_parts = name.find_first_of(std::string_view("/\0", 2)) != std::string::npos;
      const bool is_plain = !name.empty() && name != "." && name != ".." && !has_parts;
      const bool is_written = is_plain && folder && folder->valid() && place(*folder, name, record, at);
      written_ += is_written ? '\1' : '\0';
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
  /** False at the end. */
  bool next(size_t at, Record& record) const {
    if (at > records_.size() || records_.size() - at < sizeof(record)) return false;
    std::memcpy(&record, records_.data() + at, sizeof(record));
    return true;
  }

  static uint64_t following_bytes(const Record& record) {
    const uint64_t names = uint64_t{record.directory_bytes} + record.name_bytes;
    return names + (record.position < 0 ? record.content_bytes : 0);
  }

  bool place(TargetFolder& folder, const std::string& name, const Record& record, size_t at) {
    const UniqueFd file = folder.create(draft_.c_str(), record.access);
    if (!file.valid()) return false;
    const timespec times[2] = {
        {static_cast<time_t>(record.accessed), static_cast<long>(record.accessed_microseconds) * 1000},
        {static_cast<time_t>(record.modified), static_cast<long>(record.modified_microseconds) * 1000},
    };
    // The times last: everything else sets them.
    if (fill(file.get(), record, at) && folder.finish(file.get(), record.access) && futimens(file.get(), times) == 0 &&
        syscall(SYS_renameat2, folder.get(), draft_.c_str(), folder.get(), name.c_str(), kNoReplace) == 0) {
      return true;
    }
    unlinkat(folder.get(), draft_.c_str(), 0);
    return false;
  }

  bool fill(int file, const Record& record, size_t at) {
    if (record.position < 0) {
      const size_t start = at + sizeof(record) + record.directory_bytes + record.name_bytes;
      return write_all(file, std::string_view(records_).substr(start, record.content_bytes));
    }
    for (size_t done = 0; done < record.content_bytes;) {
      const int64_t position = record.position + static_cast<int64_t>(done);
      const size_t left = record.content_bytes - done;
      if (!window_.holds(position) && !window_.fill(position, end_of_run(record, at))) return false;
      const std::string_view bytes = window_.view(position, left);
      if (!write_all(file, bytes)) return false;
      done += bytes.size();
    }
    return true;
  }

  /** Where the content of the record at `at`, and of those after it that lie behind it in the image, ends. */
  int64_t end_of_run(const Record& record, size_t at) const {
    int64_t end = record.position + record.content_bytes;
    const int64_t limit = record.position + static_cast<int64_t>(ImageWindow::kBytes);
    Record later = record;
    while (end < limit && next(at += sizeof(later) + following_bytes(later), later)) {
      if (later.content_bytes == 0) continue;
      if (later.position < end || later.position > end + kMaxGap) break;
      end = later.position + later.content_bytes;
    }
    return end;
  }

  ImageWindow window_;
  const std::string draft_;
  const std::string records_;
  std::string written_;
};

}  // namespace

std::unique_ptr<IoJob> write_files_job(const Napi::CallbackInfo& info) {
  const auto text = [&](size_t index) {
    const Napi::Uint8Array bytes = info[index].As<Napi::Uint8Array>();
    return std::string(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength());
  };
  return std::make_unique<WriteFilesCall>(info.Env(), info[1].As<Napi::Number>().Int32Value(), text(2), text(3));
}

}  // namespace isodrive
