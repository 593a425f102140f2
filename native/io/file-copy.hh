// A run of bytes of one file copied into another, for extraction.
#pragma once

#include <napi.h>

#include <memory>

#include "io-pool.hh"

namespace isodrive {

/** Of poolCopy(pool, source, position, target, targetPosition, length). */
std::unique_ptr<IoJob> copy_job(const Napi::CallbackInfo& info);

}  // namespace isodrive
