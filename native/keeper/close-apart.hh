// Closes what may keep its closer waiting: the file system of a descriptor that somebody passed may never answer
// (FLUSH).
#pragma once

namespace isodrive::keeper {

/** In a thread that nobody waits for. Where none can be started now, the descriptor stays open until the next call. */
void close_apart(int fd);

}  // namespace isodrive::keeper
