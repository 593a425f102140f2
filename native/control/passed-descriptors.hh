// Descriptors beside the bytes of a Unix socket (SCM_RIGHTS, unix(7)), for both ends.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "system/unique-fd.hh"

namespace isodrive {

/**
 * Descriptors in one message: a hundred files of an image, mount point and map, and room to see that there are too
 * many. The kernel closes what is beyond, and takes 253 itself.
 */
inline constexpr size_t kMaxPassedDescriptors = 128;

struct ReceivedBytes {
  /** Bytes that came, 0 at the end of the stream, or -1 with `error`. */
  ssize_t length;
  int error;
  std::vector<UniqueFd> descriptors;
  /** There were more descriptors than fit. */
  bool is_cut;
};

/** Reads what is there; never waits. */
ReceivedBytes receive_bytes(int socket, uint8_t* buffer, size_t room);

/** Where a socket that is not connected sends to. */
struct Address {
  const sockaddr* place = nullptr;
  socklen_t length = 0;
};

/**
 * Sends bytes with descriptors, if any, which come with the first of them. Never waits: whoever receives may be
 * stopped. Gives bytes sent, or -1 with errno.
 */
ssize_t send_bytes_with(int socket, const void* bytes, size_t length, const int* descriptors, size_t count,
                        Address address = {});

}  // namespace isodrive
