// A run of bytes of one file copied into another, for extraction.
#pragma once

#include <napi.h>

#include <memory>

#include "io-pool.hh"

namespace isodrive {

/** Of poolCopy(pool, source, position, target, targetPosition, length). */
std::unique_ptr<IoJob> copy_job(const Napi::CallbackInfo& info);

/**
 * Of poolReserve(pool, target, position, length): where ext4 finds the blocks for each page that is written, that is
 * a third of the time of a copy. No other file system: btrfs does not compress what is reserved.
 */
std::unique_ptr<IoJob> reserve_job(const Napi::CallbackInfo& info);

}  // namespace isodrive
