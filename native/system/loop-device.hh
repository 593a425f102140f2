// Loop devices: a file as a read-only block device, for kernels whose EROFS cannot read files themselves.
#pragma once

#include <napi.h>

namespace isodrive {

void export_loop_device(Napi::Env env, Napi::Object exports);

}  // namespace isodrive
