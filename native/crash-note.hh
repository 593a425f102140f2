// Notes in the index of a mount that a thread which works for it has crashed the process. The index outlives the process,
// so whoever goes on with the mount sees which one it was, and how often.
#pragma once

#include <napi.h>

#include <cstdint>

namespace isodrive {

/** From now on a crash of the calling thread is noted in the header of this index, which stays mapped as long. */
void note_crashes_in(uint8_t* header);

void export_crash_note(Napi::Env env, Napi::Object exports);

}  // namespace isodrive
