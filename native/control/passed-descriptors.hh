// Descriptors beside the bytes of a Unix stream socket (SCM_RIGHTS, unix(7)), for both ends.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "system/unique-fd.hh"

namespace isodrive {

/** Descriptors in one message: image, mount point and map are three. The kernel closes what is beyond. */
inline constexpr size_t kMaxPassedDescriptors = 4;

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

/** Sends bytes with descriptors, which come with the first of them. Never waits; gives bytes sent, or -1 with errno. */
ssize_t send_bytes_with(int socket, const uint8_t* bytes, size_t length, const int* descriptors, size_t count);

}  // namespace isodrive
