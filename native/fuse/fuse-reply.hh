// One reply to one kernel request: a header, and up to a few runs of bytes, in a single writev.
#pragma once

#include <sys/uio.h>

#include <cerrno>
#include <cstdint>

#include "fuse-wire.hh"

namespace isodrive {

/** The errno that the thread has last replied with, 0 for none: what a trace tells of a request. */
inline thread_local int last_reply_error = 0;

/** Writes a reply; 0 or the errno of the write (ENOENT: the request was aborted, nothing to do). */
inline int send_reply(int device, uint64_t unique, int error, const iovec* body, int count) {
  last_reply_error = error;
  wire::OutHeader header{sizeof(wire::OutHeader), -error, unique};
  iovec vectors[9];
  vectors[0] = {&header, sizeof(header)};
  for (int i = 0; i < count; ++i) {
    vectors[i + 1] = body[i];
    header.length += static_cast<uint32_t>(body[i].iov_len);
  }
  while (writev(device, vectors, count + 1) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

/** As send_reply, for any number of runs of `length` bytes in all: `vectors[0]` is free for the header. */
inline int send_vectors(int device, uint64_t unique, iovec* vectors, int count, size_t length) {
  last_reply_error = 0;
  wire::OutHeader header{static_cast<uint32_t>(sizeof(wire::OutHeader) + length), 0, unique};
  vectors[0] = {&header, sizeof(header)};
  while (writev(device, vectors, count) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

inline int send_error(int device, uint64_t unique, int error) { return send_reply(device, unique, error, nullptr, 0); }

inline int send_bytes(int device, uint64_t unique, const void* bytes, size_t length) {
  const iovec body{const_cast<void*>(bytes), length};
  return send_reply(device, unique, 0, &body, 1);
}

template <typename T>
int send_struct(int device, uint64_t unique, const T& value) {
  return send_bytes(device, unique, &value, sizeof(value));
}

}  // namespace isodrive
