// Decompression of many blocks by one call of JavaScript.
#pragma once

#include <napi.h>

namespace isodrive {

void export_inflate_blocks(Napi::Env env, Napi::Object exports);

}  // namespace isodrive
