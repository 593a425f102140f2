// Small files that are written many at a time, for extraction.
#pragma once

#include <napi.h>

#include <memory>

#include "blocking-lane.hh"

namespace isodrive {

/** Of laneWriteFiles(lane, image, draft, records): copies the bytes, so that nothing of JavaScript's is used by the thread. */
std::unique_ptr<LaneJob> write_files_job(const Napi::CallbackInfo& info);

}  // namespace isodrive
