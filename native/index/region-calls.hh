// The JavaScript surface of index regions. Threads of JavaScript share the one mapping of a region by its number.
#pragma once

#include <napi.h>

#include <memory>

#include "index-region.hh"

namespace isodrive {

/** The region behind a handle of JavaScript's; null once it was discarded. */
std::shared_ptr<IndexRegion> region_of(const Napi::Value& handle);

void export_regions(Napi::Env env, Napi::Object exports);

}  // namespace isodrive
