// A signal that ends the wait of one thread in a system call (EINTR) and does nothing else. Threads of ours block all
// other signals; those that may be woken let this one in.
#pragma once

#include <sys/types.h>

namespace isodrive {

/** The calling thread may be woken from now on. Gives its id for `wake_thread`. */
pid_t let_wake_signal_in();

/** Of this process. A thread that is about to wait, and does not yet, goes on to do so: call again. */
void wake_thread(pid_t thread);

}  // namespace isodrive
