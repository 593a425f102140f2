// Programs that are started by a thread with a table of descriptors of its own, in which none of ours are. Who starts a
// program otherwise has a copy of its whole table closed as the program begins (close-on-exec), and that asks the file
// system of each open file (FLUSH): one that does not answer would keep the program from starting, and us waiting for
// it.
#pragma once

#include <napi.h>

namespace isodrive {

void export_apart_programs(Napi::Env env, Napi::Object exports);

}  // namespace isodrive
