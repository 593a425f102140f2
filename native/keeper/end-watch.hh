// For a daemon that systemd runs, and which cannot die: systemd hears of an end only when the last thread has ended.
// So a process without anything of its own looks at the daemon, takes its place as the service's main process
// (MAINPID of sd_notify(3)) once its main thread has ended and the rest cannot, and ends with the code that has a
// successor started.
#pragma once

#include <sys/types.h>

namespace isodrive::keeper {

/** Goes on in a process that is nobody's child but the service manager's; gives what to exit with. */
int watch_end(pid_t daemon);

}  // namespace isodrive::keeper
