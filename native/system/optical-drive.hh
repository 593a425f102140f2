// What optical drives need beyond read(2): SCSI commands that the kernel passes on (SG_IO) and its CD-ROM ioctls. Both
// may wait for a drive, so they run on libuv's pool and give promises.
#pragma once

#include <napi.h>

namespace isodrive {

void export_optical_drive(Napi::Env env, Napi::Object exports);

}  // namespace isodrive
