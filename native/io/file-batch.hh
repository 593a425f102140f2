// Small files that are written many at a time, for extraction.
#pragma once

#include <napi.h>

#include <memory>

#include "io-pool.hh"

namespace isodrive {

/**
 * Of poolWriteFiles(pool, image, draft, records): copies the bytes, so that nothing of JavaScript's is used by the
 * thread.
 */
std::unique_ptr<IoJob> write_files_job(const Napi::CallbackInfo& info);

}  // namespace isodrive
