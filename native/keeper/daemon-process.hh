// Starts the daemon with what is kept for it: as LISTEN_FDS, LISTEN_FDNAMES and LISTEN_PID say (sd_listen_fds(3)).
#pragma once

#include <sys/types.h>

#include "descriptor-store.hh"

namespace isodrive::keeper {

/**
 * Starts `arguments[0]`; gives its process id, -1 when it cannot be started. Handed over as well: `keeper`, the
 * socket on which it speaks to us, under the name "keeper", and `ready`, where not -1, under the name "ready".
 */
pid_t start_daemon(char* const* arguments, const DescriptorStore& store, int keeper, int ready);

}  // namespace isodrive::keeper
