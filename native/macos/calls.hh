// The parts of the macOS addon.
#pragma once

#include <napi.h>

namespace isodrive {

void export_drive_registry(Napi::Env env, Napi::Object exports);
void export_disc_calls(Napi::Env env, Napi::Object exports);

}  // namespace isodrive
