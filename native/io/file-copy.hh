// A run of bytes of one file copied into another, for extraction.
#pragma once

#include <napi.h>

#include <memory>

#include "blocking-lane.hh"

namespace isodrive {

/** Of laneCopy(lane, source, position, target, targetPosition, length). */
std::unique_ptr<LaneJob> copy_job(const Napi::CallbackInfo& info);

}  // namespace isodrive
