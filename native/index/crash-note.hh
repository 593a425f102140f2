// Notes in the index of a mount that a thread which works for it has crashed the process. The index outlives the
// process, so whoever goes on with the mount sees which one it was, and how often.
#pragma once

#include <cstdint>

namespace isodrive {

/** Takes the signals of crashes, once for the process. */
void take_crash_signals();

/** From now on a crash of the calling thread is noted in the header of this index, which stays mapped as long. */
void note_crashes_in(uint8_t* header);

/** No more in this one: it may be unmapped from now on. */
void stop_noting_crashes_in(const uint8_t* header);

}  // namespace isodrive
