#include "optical-drive.hh"

#include <linux/capability.h>
#include <linux/cdrom.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "system-calls.hh"

// Linux 5.16; a build against older headers asks older kernels for what they can tell.
#ifndef CDROM_TIMED_MEDIA_CHANGE
#define CDROM_TIMED_MEDIA_CHANGE 0x5396
struct cdrom_timed_media_change_info {
  __s64 last_media_change;
  __u64 media_flags;
};
#endif

namespace isodrive {
namespace {

/** The longest command descriptor block that SG_IO takes for a drive. */
constexpr size_t kMaxCommand = 16;
/** SPC-4 bounds sense data at 252 bytes; the fields that anybody reads stand in the first 32. */
constexpr size_t kMaxSense = 64;

/** One command that reads, or moves no data. */
class ScsiCommand : public Napi::AsyncWorker {
 public:
  ScsiCommand(Napi::Env env, int file, Napi::Uint8Array command, Napi::Uint8Array target, unsigned timeout)
      : Napi::AsyncWorker(env),
        deferred_(Napi::Promise::Deferred::New(env)),
        file_(file),
        target_(Napi::Persistent(target.As<Napi::Object>())) {
    command_length_ = std::min(command.ByteLength(), kMaxCommand);
    std::memcpy(command_.data(), command.Data(), command_length_);
    header_.interface_id = 'S';
    header_.dxfer_direction = target.ByteLength() == 0 ? SG_DXFER_NONE : SG_DXFER_FROM_DEV;
    header_.cmd_len = static_cast<unsigned char>(command_length_);
    header_.mx_sb_len = kMaxSense;
    header_.dxfer_len = static_cast<unsigned>(target.ByteLength());
    header_.dxferp = target.Data();
    header_.cmdp = command_.data();
    header_.sbp = sense_.data();
    header_.timeout = timeout;
  }

  Napi::Promise promise() const { return deferred_.Promise(); }

  void Execute() override {
    if (ioctl(file_, SG_IO, &header_) != 0) errno_ = errno;
  }

  void OnOK() override {
    if (errno_ != 0) {
      deferred_.Reject(make_system_error(Env(), "SG_IO", errno_).Value());
      return;
    }
    Napi::Object result = Napi::Object::New(Env());
    result.Set("status", static_cast<double>(header_.status));
    result.Set("hostStatus", static_cast<double>(header_.host_status));
    result.Set("transferred", static_cast<double>(header_.dxfer_len) - header_.resid);
    result.Set("sense", Napi::Buffer<unsigned char>::Copy(Env(), sense_.data(), header_.sb_len_wr));
    deferred_.Resolve(result);
  }

 private:
  Napi::Promise::Deferred deferred_;
  int file_;
  /** Keeps the memory that the kernel writes to. */
  Napi::ObjectReference target_;
  sg_io_hdr header_{};
  std::array<unsigned char, kMaxCommand> command_{};
  std::array<unsigned char, kMaxSense> sense_{};
  size_t command_length_ = 0;
  int errno_ = 0;
};

/** scsiCommand(file, command, target, timeout). */
Napi::Value scsi_command(const Napi::CallbackInfo& info) {
  auto* worker = new ScsiCommand(info.Env(), info[0].As<Napi::Number>().Int32Value(), info[1].As<Napi::Uint8Array>(),
                                 info[2].As<Napi::Uint8Array>(), info[3].As<Napi::Number>().Uint32Value());
  const Napi::Promise promise = worker->promise();
  worker->Queue();
  return promise;
}

/** A stamp that differs from `before` when the medium was changed since that was given; negative with errno. */
int64_t media_stamp(int file, int64_t before) {
  // This makes the kernel look; its own answer is one bit for all programs together.
  const int changed = ioctl(file, CDROM_MEDIA_CHANGED, CDSL_CURRENT);
  cdrom_timed_media_change_info timed{};
  if (ioctl(file, CDROM_TIMED_MEDIA_CHANGE, &timed) == 0) return timed.last_media_change;
  return changed < 0 ? -1 : before + changed;
}

/**
 * Unlocks the tray while nobody else has the drive open. The kernel looks at that (cdrom_ioctl_lock_door, EBUSY), but
 * not for whoever has CAP_SYS_ADMIN, which this thread therefore does without meanwhile.
 */
int unlock_alone(int file) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct before[_LINUX_CAPABILITY_U32S_3]{};
  if (syscall(SYS_capget, &header, before) != 0) return -1;
  __user_cap_data_struct without[_LINUX_CAPABILITY_U32S_3];
  std::memcpy(without, before, sizeof before);
  without[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective &= ~CAP_TO_MASK(CAP_SYS_ADMIN);
  if (syscall(SYS_capset, &header, without) != 0) return -1;
  const int result = ioctl(file, CDROM_LOCKDOOR, 0);
  const int error = errno;
  syscall(SYS_capset, &header, before);
  errno = error;
  return result;
}

/** Linux hands a SCSI status on as a positive number where the drive has refused, which is no success. */
int done_or_error(int result) {
  if (result <= 0) return result;
  errno = EIO;
  return -1;
}

int64_t drive_request(int file, const std::string& request, int64_t argument) {
  const auto number = static_cast<unsigned long>(argument);
  if (request == "status") return ioctl(file, CDROM_DRIVE_STATUS, CDSL_CURRENT);
  if (request == "stamp") return media_stamp(file, argument);
  if (request == "eject") return done_or_error(ioctl(file, CDROMEJECT));
  if (request == "close") return done_or_error(ioctl(file, CDROMCLOSETRAY));
  if (request == "lock") return done_or_error(number == 0 ? unlock_alone(file) : ioctl(file, CDROM_LOCKDOOR, number));
  if (request == "speed") return done_or_error(ioctl(file, CDROM_SELECT_SPEED, number));
  errno = EINVAL;
  return -1;
}

class DriveRequest : public Napi::AsyncWorker {
 public:
  DriveRequest(Napi::Env env, int file, std::string request, int64_t argument)
      : Napi::AsyncWorker(env),
        deferred_(Napi::Promise::Deferred::New(env)),
        file_(file),
        request_(std::move(request)),
        argument_(argument) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

  void Execute() override {
    result_ = drive_request(file_, request_, argument_);
    if (result_ < 0) errno_ = errno;
  }

  void OnOK() override {
    if (errno_ == 0) deferred_.Resolve(Napi::Number::New(Env(), static_cast<double>(result_)));
    else deferred_.Reject(make_system_error(Env(), request_.c_str(), errno_).Value());
  }

 private:
  Napi::Promise::Deferred deferred_;
  int file_;
  std::string request_;
  int64_t argument_;
  int64_t result_ = 0;
  int errno_ = 0;
};

/** driveRequest(file, request, argument). */
Napi::Value drive_request_call(const Napi::CallbackInfo& info) {
  auto* worker = new DriveRequest(info.Env(), info[0].As<Napi::Number>().Int32Value(),
                                  info[1].As<Napi::String>().Utf8Value(), info[2].As<Napi::Number>().Int64Value());
  const Napi::Promise promise = worker->promise();
  worker->Queue();
  return promise;
}

}  // namespace

void export_optical_drive(Napi::Env env, Napi::Object exports) {
  exports.Set("scsiCommand", Napi::Function::New(env, scsi_command));
  exports.Set("driveRequest", Napi::Function::New(env, drive_request_call));
}

}  // namespace isodrive
