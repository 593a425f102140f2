// Tells when the kernel's mount table changes: who unmounts what the kernel serves by itself tells nobody else.
#pragma once

#include <napi.h>

namespace isodrive {

void export_mount_watch(Napi::Env env, Napi::Object exports);

}  // namespace isodrive
