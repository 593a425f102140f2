// Copies a run of bytes from one file to another in one call of a pool, in pieces that stay in the processor's cache:
// copy_file_range(2) is no faster where the file system cannot share the blocks, which a disc's rarely line up for.
// Larger pieces are slower too, up to ten times: ext4 asks for memory in blocks of a write's size, which the kernel
// may have to clear.
#include "file-copy.hh"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

namespace isodrive {
namespace {

constexpr size_t kPiece = 65536;

class CopyCall : public IoJob {
 public:
  CopyCall(Napi::Env env, int source, off_t position, int target, off_t target_position, int64_t length)
      : IoJob(env, "copy"),
        source_(source),
        position_(position),
        target_(target),
        target_position_(target_position),
        length_(length) {}

  /** Ends at the first fault, which whoever goes on from there meets again. */
  int run() override {
    std::array<char, kPiece> piece;
    while (done_ < length_) {
      const auto wanted = static_cast<size_t>(std::min<int64_t>(length_ - done_, kPiece));
      const ssize_t got = pread(source_, piece.data(), wanted, position_ + done_);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return 0;
      for (ssize_t written = 0; written < got;) {
        const ssize_t count =
            pwrite(target_, piece.data() + written, static_cast<size_t>(got - written), target_position_ + done_);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return 0;
        written += count;
        done_ += count;
      }
    }
    return 0;
  }

  Napi::Value result(Napi::Env env) override { return Napi::Number::New(env, static_cast<double>(done_)); }

 private:
  const int source_;
  const off_t position_;
  const int target_;
  const off_t target_position_;
  const int64_t length_;
  int64_t done_ = 0;
};

class ReserveCall : public IoJob {
 public:
  ReserveCall(Napi::Env env, int target, off_t position, off_t length)
      : IoJob(env, "reserve"), target_(target), position_(position), length_(length) {}

  /** A file system that is full or knows no such call says so again, or does not mind, when it is written to. */
  int run() override {
    struct statfs found {};
    if (fstatfs(target_, &found) == 0 && found.f_type == EXT4_SUPER_MAGIC) {
      [[maybe_unused]] const int ignored = fallocate(target_, FALLOC_FL_KEEP_SIZE, position_, length_);
    }
    return 0;
  }

 private:
  const int target_;
  const off_t position_;
  const off_t length_;
};

int64_t number_of(const Napi::CallbackInfo& info, size_t index) { return info[index].As<Napi::Number>().Int64Value(); }

}  // namespace

std::unique_ptr<IoJob> copy_job(const Napi::CallbackInfo& info) {
  const auto number = [&](size_t index) { return number_of(info, index); };
  return std::make_unique<CopyCall>(info.Env(), static_cast<int>(number(1)), number(2), static_cast<int>(number(3)),
                                    number(4), number(5));
}

std::unique_ptr<IoJob> reserve_job(const Napi::CallbackInfo& info) {
  const auto target = static_cast<int>(number_of(info, 1));
  return std::make_unique<ReserveCall>(info.Env(), target, number_of(info, 2), number_of(info, 3));
}

}  // namespace isodrive
