// Starts the daemon with what is kept for it: as LISTEN_FDS, LISTEN_FDNAMES and LISTEN_PID say (sd_listen_fds(3)).
#pragma once

#include <sys/types.h>

#include "descriptor-store.hh"

namespace isodrive::keeper {

/**
 * Starts `arguments[0]`; gives its process id, -1 when it cannot be started. `ready`, where not -1, is handed over
 * under the name "ready" as well.
 */
pid_t start_daemon(char* const* arguments, const char* notify_address, const DescriptorStore& store, int ready);

}  // namespace isodrive::keeper
