// The JavaScript surface of sessions: one thread of JavaScript owns a session and is told when nobody serves it and
// when it has ended; any thread may serve it, by its number.
#pragma once

#include <napi.h>

namespace isodrive {

void export_sessions(Napi::Env env, Napi::Object exports);

}  // namespace isodrive
