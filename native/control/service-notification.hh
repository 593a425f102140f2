// The service manager's notification protocol (sd_notify(3)): one datagram of variables, descriptors beside it.
#pragma once

#include <napi.h>

namespace isodrive {

void export_notify(Napi::Env env, Napi::Object exports);

}  // namespace isodrive
