// The calls that JavaScript can make on a pool; native/index.ts declares them.
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "io-pool.hh"
#include "file-batch.hh"
#include "file-copy.hh"
#include "system-calls.hh"
#include "system/unique-fd.hh"
#include "system/worker-thread.hh"

namespace isodrive {
namespace {

using Holder = std::shared_ptr<IoPool>;

class ReadCall : public IoJob {
 public:
  ReadCall(Napi::Env env, int fd, size_t length, uint64_t position)
      : IoJob(env, "pread"), fd_(fd), length_(length), position_(position) {}
  ~ReadCall() override { std::free(bytes_); }

  int run() override {
    bytes_ = std::malloc(length_ == 0 ? 1 : length_);
    if (bytes_ == nullptr) return ENOMEM;
    do {
      got_ = pread(fd_, bytes_, length_, static_cast<off_t>(position_));
    } while (got_ < 0 && errno == EINTR);
    return got_ < 0 ? errno : 0;
  }

  Napi::Value result(Napi::Env env) override {
    void* bytes = std::exchange(bytes_, nullptr);
    return Napi::ArrayBuffer::New(env, bytes, static_cast<size_t>(got_),
                                  [](Napi::Env, void* data) { std::free(data); });
  }

 private:
  const int fd_;
  const size_t length_;
  const uint64_t position_;
  void* bytes_ = nullptr;
  ssize_t got_ = 0;
};

class OpenCall : public IoJob {
 public:
  OpenCall(Napi::Env env, std::string path, int flags) : IoJob(env, "open"), path_(std::move(path)), flags_(flags) {}

  int run() override {
    file_ = UniqueFd(open(path_.c_str(), flags_ | O_CLOEXEC));
    return file_.valid() ? 0 : errno;
  }
  Napi::Value result(Napi::Env env) override { return Napi::Number::New(env, file_.release()); }

 private:
  const std::string path_;
  const int flags_;
  UniqueFd file_;
};

class CloseCall : public IoJob {
 public:
  CloseCall(Napi::Env env, int fd) : IoJob(env, "close"), file_(fd) {}
  int run() override {
    file_.reset();
    return 0;
  }

 private:
  UniqueFd file_;
};

/** Of a path, or of an open file when there is none. */
class StatCall : public IoJob {
 public:
  StatCall(Napi::Env env, std::string path, int fd) : IoJob(env, "stat"), path_(std::move(path)), fd_(fd) {}

  int run() override {
    const int code = path_.empty() ? fstat(fd_, &found_) : stat(path_.c_str(), &found_);
    return code == 0 ? 0 : errno;
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object facts = Napi::Object::New(env);
    const auto set = [&](const char* name, uint64_t value) { facts.Set(name, Napi::BigInt::New(env, value)); };
    set("device", found_.st_dev);
    set("inode", found_.st_ino);
    set("size", static_cast<uint64_t>(found_.st_size));
    set("specialDevice", found_.st_rdev);
    const int64_t modified = found_.st_mtim.tv_sec * int64_t{1000000000} + found_.st_mtim.tv_nsec;
    facts.Set("modified", Napi::BigInt::New(env, modified));
    facts.Set("mode", Napi::Number::New(env, found_.st_mode));
    facts.Set("user", Napi::Number::New(env, found_.st_uid));
    facts.Set("links", Napi::Number::New(env, static_cast<double>(found_.st_nlink)));
    return facts;
  }

 private:
  const std::string path_;
  const int fd_;
  struct stat found_ {};
};

class FileSystemCall : public IoJob {
 public:
  FileSystemCall(Napi::Env env, int fd) : IoJob(env, "fstatfs"), fd_(fd) {}
  int run() override { return fstatfs(fd_, &found_) == 0 ? 0 : errno; }
  Napi::Value result(Napi::Env env) override {
    return Napi::Number::New(env, static_cast<double>(static_cast<uint32_t>(found_.f_type)));
  }

 private:
  const int fd_;
  struct statfs found_ {};
};

class SymlinkCall : public IoJob {
 public:
  SymlinkCall(Napi::Env env, std::string path) : IoJob(env, "readlink"), path_(std::move(path)) {}
  int run() override {
    char target[PATH_MAX];
    const ssize_t length = readlink(path_.c_str(), target, sizeof(target));
    if (length >= 0) target_.assign(target, static_cast<size_t>(length));
    return length >= 0 ? 0 : errno;
  }
  Napi::Value result(Napi::Env env) override { return Napi::String::New(env, target_); }

 private:
  const std::string path_;
  std::string target_;
};

Napi::Value open_pool(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto* holder = new Holder(IoPool::open(env, info[0].As<Napi::Number>().Int32Value()));
  return Napi::External<Holder>::New(env, holder, [](Napi::Env, Holder* owned) {
    (*owned)->close();
    delete owned;
  });
}

IoPool& pool_of(const Napi::CallbackInfo& info) { return **info[0].As<Napi::External<Holder>>().Data(); }

int number(const Napi::CallbackInfo& info, size_t index) { return info[index].As<Napi::Number>().Int32Value(); }

std::string text(const Napi::CallbackInfo& info, size_t index) { return info[index].As<Napi::String>().Utf8Value(); }

Napi::Value close_pool(const Napi::CallbackInfo& info) {
  pool_of(info).close();
  return info.Env().Undefined();
}

Napi::Value pool_read(const Napi::CallbackInfo& info) {
  const auto length = static_cast<size_t>(info[2].As<Napi::Number>().Int64Value());
  const auto position = static_cast<uint64_t>(info[3].As<Napi::Number>().Int64Value());
  return pool_of(info).submit(std::make_unique<ReadCall>(info.Env(), number(info, 1), length, position));
}

Napi::Value pool_open(const Napi::CallbackInfo& info) {
  return pool_of(info).submit(std::make_unique<OpenCall>(info.Env(), text(info, 1), number(info, 2)));
}

Napi::Value pool_stat(const Napi::CallbackInfo& info) {
  const bool is_path = info[1].IsString();
  return pool_of(info).submit(
      std::make_unique<StatCall>(info.Env(), is_path ? text(info, 1) : std::string(), is_path ? -1 : number(info, 1)));
}

Napi::Value pool_file_system(const Napi::CallbackInfo& info) {
  return pool_of(info).submit(std::make_unique<FileSystemCall>(info.Env(), number(info, 1)));
}

Napi::Value pool_read_symlink(const Napi::CallbackInfo& info) {
  return pool_of(info).submit(std::make_unique<SymlinkCall>(info.Env(), text(info, 1)));
}

Napi::Value pool_write_files(const Napi::CallbackInfo& info) { return pool_of(info).submit(write_files_job(info)); }

Napi::Value pool_copy(const Napi::CallbackInfo& info) { return pool_of(info).submit(copy_job(info)); }

Napi::Value pool_reserve(const Napi::CallbackInfo& info) { return pool_of(info).submit(reserve_job(info)); }

Napi::Value pool_close(const Napi::CallbackInfo& info) {
  return pool_of(info).submit(std::make_unique<CloseCall>(info.Env(), number(info, 1)));
}

void close_all(const std::vector<int>& descriptors) {
  for (const int fd : descriptors) close(fd);
}

/**
 * closeDescriptors(descriptors): in one thread that nobody waits for, because a dead file system may keep even that
 * waiting. What belongs together is closed one by one.
 */
Napi::Value close_descriptors(const Napi::CallbackInfo& info) {
  static std::mutex mutex;
  // Those that no thread could be had for stay open until the next call.
  static auto* waiting = new std::vector<std::vector<int>>();
  const std::lock_guard lock(mutex);
  waiting->push_back(descriptors_in(info[0].As<Napi::Array>()));
  while (!waiting->empty() && start_detached([all = waiting->back()] { close_all(all); })) waiting->pop_back();
  return info.Env().Undefined();
}

}  // namespace

void export_io_pool(Napi::Env env, Napi::Object exports) {
  exports.Set("openIoPool", Napi::Function::New(env, open_pool));
  exports.Set("closeIoPool", Napi::Function::New(env, close_pool));
  exports.Set("poolRead", Napi::Function::New(env, pool_read));
  exports.Set("poolOpen", Napi::Function::New(env, pool_open));
  exports.Set("poolStat", Napi::Function::New(env, pool_stat));
  exports.Set("poolFileSystem", Napi::Function::New(env, pool_file_system));
  exports.Set("poolReadSymlink", Napi::Function::New(env, pool_read_symlink));
  exports.Set("poolWriteFiles", Napi::Function::New(env, pool_write_files));
  exports.Set("poolCopy", Napi::Function::New(env, pool_copy));
  exports.Set("poolReserve", Napi::Function::New(env, pool_reserve));
  exports.Set("poolClose", Napi::Function::New(env, pool_close));
  exports.Set("closeDescriptors", Napi::Function::New(env, close_descriptors));
}

}  // namespace isodrive
