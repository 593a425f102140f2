// A listening Unix socket whose clients may pass descriptors, which Node's own sockets drop. One thread accepts, asks
// the kernel who a client is, and reads; JavaScript is told, and asks for each next piece. Whoever floods is refused
// here, before JavaScript is run for them.
#pragma once

#include <napi.h>

namespace isodrive {

void export_control_listener(Napi::Env env, Napi::Object exports);

}  // namespace isodrive
