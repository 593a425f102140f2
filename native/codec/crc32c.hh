// CRC-32C (the Castagnoli polynomial), by the processor's own instruction where it has one.
#pragma once

#include <napi.h>

namespace isodrive {

void export_crc32c(Napi::Env env, Napi::Object exports);

}  // namespace isodrive
