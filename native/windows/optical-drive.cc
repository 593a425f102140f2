// Physical optical drives: SCSI commands that the system passes on (IOCTL_SCSI_PASS_THROUGH_DIRECT, ntddscsi.h), and
// its own requests (ntddstor.h, ntddcdrm.h). All may wait for a drive, so they run on libuv's pool and give promises.
#include "calls.hh"

#include <winioctl.h>
#include <ntddcdrm.h>
#include <ntddscsi.h>

#include <array>
#include <cstring>

namespace isodrive {
namespace {

constexpr size_t kMaxCommand = 16;
/** The fields of sense data that anybody reads stand in the first 32 bytes. */
constexpr size_t kMaxSense = 64;
/** Bytes that one command may move: far more than any asks for. */
constexpr size_t kLargestBuffer = 1024 * 1024;
/** Kilobytes a second of a CD at single speed, as SET CD SPEED counts (MMC-6), and the value for the fastest. */
constexpr int64_t kSingleSpeed = 177;
constexpr int64_t kFastest = 0xffff;
/** A descriptor of a device, with its names behind it. */
constexpr size_t kMaxDescriptor = 1024;

struct PassThrough {
  SCSI_PASS_THROUGH_DIRECT header;
  ULONG filler;
  std::array<unsigned char, kMaxSense> sense;
};

/** Pages of memory, for drives to write to: adapters want them aligned, to a page at the most. */
class Pages {
 public:
  explicit Pages(size_t bytes)
      : data_(bytes == 0 ? nullptr : VirtualAlloc(nullptr, bytes, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE)) {}
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages() {
    if (data_ != nullptr) VirtualFree(data_, 0, MEM_RELEASE);
  }
  void* get() const { return data_; }

 private:
  void* data_;
};

/** Work on a drive in a thread of its own; `code` is that of winerror.h when it failed. */
class DriveWork : public Napi::AsyncWorker {
 public:
  DriveWork(Napi::Env env, const Napi::Value& drive, const char* call)
      : Napi::AsyncWorker(env),
        deferred_(Napi::Promise::Deferred::New(env)),
        call_(call),
        drive_(*drive.As<Napi::External<Handle>>().Data()),
        keeps_(Napi::Reference<Napi::Value>::New(drive, 1)) {}

  Napi::Promise start() {
    const Napi::Promise promise = deferred_.Promise();
    Queue();
    return promise;
  }

  void OnOK() override {
    if (code_ == ERROR_SUCCESS) deferred_.Resolve(result());
    else deferred_.Reject(make_windows_error(Env(), call_, code_).Value());
  }

 protected:
  virtual Napi::Value result() = 0;

  bool control(DWORD request, const void* in, DWORD in_bytes, void* out, DWORD out_bytes) {
    DWORD bytes = 0;
    if (DeviceIoControl(drive_.get(), request, const_cast<void*>(in), in_bytes, out, out_bytes, &bytes, nullptr))
      return true;
    code_ = GetLastError();
    return false;
  }

  DWORD code_ = ERROR_SUCCESS;

 private:
  Napi::Promise::Deferred deferred_;
  const char* call_;
  Handle& drive_;
  /** The handle stays open meanwhile. */
  Napi::Reference<Napi::Value> keeps_;
};

/** One command that reads, or moves no data. */
class ScsiCommand : public DriveWork {
 public:
  ScsiCommand(Napi::Env env, const Napi::Value& drive, Napi::Uint8Array command, Napi::Uint8Array target,
              unsigned timeout)
      : DriveWork(env, drive, "IOCTL_SCSI_PASS_THROUGH_DIRECT"),
        target_(Napi::Persistent(target.As<Napi::Object>())),
        bytes_(target.Data()),
        data_(target.ByteLength()) {
    SCSI_PASS_THROUGH_DIRECT& header = request_.header;
    header.Length = sizeof header;
    header.CdbLength = static_cast<UCHAR>(std::min(command.ByteLength(), kMaxCommand));
    header.SenseInfoLength = kMaxSense;
    header.DataIn = target.ByteLength() == 0 ? SCSI_IOCTL_DATA_UNSPECIFIED : SCSI_IOCTL_DATA_IN;
    header.DataTransferLength = static_cast<ULONG>(target.ByteLength());
    header.TimeOutValue = (timeout + 999) / 1000;
    header.DataBuffer = data_.get();
    header.SenseInfoOffset = offsetof(PassThrough, sense);
    std::memcpy(header.Cdb, command.Data(), header.CdbLength);
  }

  void Execute() override {
    const bool has_room = request_.header.DataTransferLength == 0 || data_.get() != nullptr;
    if (!has_room) code_ = ERROR_NOT_ENOUGH_MEMORY;
    else if (control(IOCTL_SCSI_PASS_THROUGH_DIRECT, &request_, sizeof request_, &request_, sizeof request_))
      std::memcpy(bytes_, data_.get(), request_.header.DataTransferLength);
  }

 protected:
  Napi::Value result() override {
    constexpr unsigned kCheckCondition = 2;
    const SCSI_PASS_THROUGH_DIRECT& header = request_.header;
    const size_t sense = header.ScsiStatus == kCheckCondition ? std::min<size_t>(header.SenseInfoLength, kMaxSense) : 0;
    Napi::Object result = Napi::Object::New(Env());
    result.Set("status", static_cast<double>(header.ScsiStatus));
    result.Set("hostStatus", 0.0);
    result.Set("transferred", static_cast<double>(header.DataTransferLength));
    result.Set("sense", Napi::Buffer<unsigned char>::Copy(Env(), request_.sense.data(), sense));
    return result;
  }

 private:
  /** Keeps the memory that is copied to. */
  Napi::ObjectReference target_;
  unsigned char* bytes_;
  Pages data_;
  PassThrough request_{};
};

/** `stamp`, `eject`, `close`, `lock`, `speed`: those of native/index.ts, DriveRequest. */
class DriveRequest : public DriveWork {
 public:
  DriveRequest(Napi::Env env, const Napi::Value& drive, std::string request, int64_t argument)
      : DriveWork(env, drive, "DeviceIoControl"), request_(std::move(request)), argument_(argument) {}

  void Execute() override {
    if (request_ == "stamp") read_stamp();
    else if (request_ == "eject") control(IOCTL_STORAGE_EJECT_MEDIA, nullptr, 0, nullptr, 0);
    else if (request_ == "close") control(IOCTL_STORAGE_LOAD_MEDIA, nullptr, 0, nullptr, 0);
    else if (request_ == "lock") {
      const PREVENT_MEDIA_REMOVAL removal = {static_cast<BOOLEAN>(argument_ != 0)};
      control(IOCTL_STORAGE_MEDIA_REMOVAL, &removal, sizeof removal, nullptr, 0);
    } else if (request_ == "speed") set_speed();
    else code_ = ERROR_INVALID_PARAMETER;
  }

 protected:
  Napi::Value result() override { return Napi::Number::New(Env(), static_cast<double>(result_)); }

 private:
  void read_stamp() {
    ULONG changes = 0;
    result_ = argument_;
    if (control(IOCTL_STORAGE_CHECK_VERIFY, nullptr, 0, &changes, sizeof changes)) result_ = changes;
    if (code_ != ERROR_INVALID_PARAMETER) return;
    // A system that does not count, such as Wine, says only whether it has just noticed a change.
    code_ = ERROR_SUCCESS;
    if (control(IOCTL_STORAGE_CHECK_VERIFY, nullptr, 0, nullptr, 0) || code_ != ERROR_MEDIA_CHANGED) return;
    code_ = ERROR_SUCCESS;
    result_ += 1;
  }

  void set_speed() {
    const int64_t speed = argument_ == 0 ? kFastest : std::min(argument_ * kSingleSpeed, kFastest);
    CDROM_SET_SPEED wanted = {};
    wanted.RequestType = CdromSetSpeed;
    wanted.ReadSpeed = static_cast<USHORT>(speed);
    wanted.WriteSpeed = static_cast<USHORT>(kFastest);
    wanted.RotationControl = CdromDefaultRotation;
    control(IOCTL_CDROM_SET_SPEED, &wanted, sizeof wanted, nullptr, 0);
  }

  std::string request_;
  int64_t argument_;
  int64_t result_ = 0;
};

/** openDrive(path): passing commands on needs writing too, which whoever is no administrator often may not. */
Napi::Value open_drive(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::wstring path = wide_text(info[0]);
  auto* handle = new Handle();
  for (const DWORD access : {GENERIC_READ | GENERIC_WRITE, GENERIC_READ}) {
    *handle->out() =
        CreateFileW(path.c_str(), access, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_EXISTING, 0, nullptr);
    if (handle->is_valid() || GetLastError() != ERROR_ACCESS_DENIED) break;
  }
  if (handle->is_valid())
    return Napi::External<Handle>::New(env, handle, [](Napi::Env, Handle* owned) { delete owned; });
  const DWORD code = GetLastError();
  delete handle;
  return throw_windows_error(env, "CreateFile", code);
}

/** closeDrive(drive): nothing may be under way. */
void close_drive(const Napi::CallbackInfo& info) { info[0].As<Napi::External<Handle>>().Data()->close(); }

/** scsiCommand(drive, command, target, timeout) */
Napi::Value scsi_command(const Napi::CallbackInfo& info) {
  const auto target = info[2].As<Napi::Uint8Array>();
  if (target.ByteLength() > kLargestBuffer)
    return throw_windows_error(info.Env(), "VirtualAlloc", ERROR_INVALID_PARAMETER);
  return (new ScsiCommand(info.Env(), info[0], info[1].As<Napi::Uint8Array>(), target,
                          info[3].As<Napi::Number>().Uint32Value()))
      ->start();
}

/** driveRequest(drive, request, argument) */
Napi::Value drive_request(const Napi::CallbackInfo& info) {
  return (new DriveRequest(info.Env(), info[0], info[1].As<Napi::String>().Utf8Value(),
                           info[2].As<Napi::Number>().Int64Value()))
      ->start();
}

/** driveType(root): of GetDriveType, for a root such as "D:\". */
Napi::Value drive_type(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), GetDriveTypeW(wide_text(info[0]).c_str()));
}

/** busType(path): STORAGE_BUS_TYPE of winioctl.h. Needs no access, so that it is told to everybody. */
Napi::Value bus_type(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Handle drive(CreateFileW(wide_text(info[0]).c_str(), 0, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_EXISTING, 0,
                           nullptr));
  if (!drive.is_valid()) return throw_windows_error(env, "CreateFile", GetLastError());
  STORAGE_PROPERTY_QUERY query = {};
  query.PropertyId = StorageDeviceProperty;
  query.QueryType = PropertyStandardQuery;
  alignas(STORAGE_DEVICE_DESCRIPTOR) std::array<unsigned char, kMaxDescriptor> answer = {};
  DWORD bytes = 0;
  if (!DeviceIoControl(drive.get(), IOCTL_STORAGE_QUERY_PROPERTY, &query, sizeof query, answer.data(), answer.size(),
                       &bytes, nullptr))
    return throw_windows_error(env, "IOCTL_STORAGE_QUERY_PROPERTY", GetLastError());
  return Napi::Number::New(env, reinterpret_cast<const STORAGE_DEVICE_DESCRIPTOR*>(answer.data())->BusType);
}

}  // namespace

void export_optical_drive(Napi::Env env, Napi::Object exports) {
  exports.Set("openDrive", Napi::Function::New(env, open_drive));
  exports.Set("closeDrive", Napi::Function::New(env, close_drive));
  exports.Set("scsiCommand", Napi::Function::New(env, scsi_command));
  exports.Set("driveRequest", Napi::Function::New(env, drive_request));
  exports.Set("driveType", Napi::Function::New(env, drive_type));
  exports.Set("busType", Napi::Function::New(env, bus_type));
}

}  // namespace isodrive
