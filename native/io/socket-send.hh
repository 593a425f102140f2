// Sends to sockets as a server of large files wants them: from the page cache, and to this machine without pacing.
#pragma once

#include <napi.h>

namespace isodrive {

void export_socket_send(Napi::Env env, Napi::Object exports);

}  // namespace isodrive
