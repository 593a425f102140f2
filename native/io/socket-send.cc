#include "socket-send.hh"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

#include "cached-read.hh"

namespace isodrive {
namespace {

/** cachestat(2), Linux 6.5, which the headers of older systems lack; one number on all machines. */
constexpr long kCachestat = 451;

struct CacheRange {
  uint64_t offset;
  uint64_t length;
};

struct CacheState {
  uint64_t cached;
  uint64_t dirty;
  uint64_t writeback;
  uint64_t evicted;
  uint64_t recently_evicted;
};

bool is_byte_cached(int file, uint64_t offset) {
  char byte = 0;
  return read_cached(file, &byte, 1, offset);
}

/**
 * False also where the kernel cannot tell. Pages that read-ahead has just asked for count as cached, so the ends are
 * read.
 */
bool is_cached(int file, uint64_t offset, uint64_t length) {
  static const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  CacheRange range{offset, length};
  CacheState state{};
  if (length == 0 || syscall(kCachestat, file, &range, &state, 0) != 0) return false;
  const uint64_t pages = (offset + length - 1) / page - offset / page + 1;
  return state.cached >= pages && is_byte_cached(file, offset + length - 1) && is_byte_cached(file, offset);
}

/** Bytes, with the header, up to which one copy costs less than asking for each page and sending it. */
constexpr size_t kMaxCopied = size_t{64} * 1024;

/** As send_cached, with at most kMaxCopied bytes in all. */
ssize_t send_copy(int socket, const Napi::Uint8Array& header, int file, off_t offset, size_t length) {
  char bytes[kMaxCopied];
  const size_t before = header.ByteLength();
  if (!read_cached(file, bytes + before, length, static_cast<uint64_t>(offset))) return -1;
  memcpy(bytes, header.Data(), before);
  const ssize_t sent = send(socket, bytes, before + length, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? 0 : sent;
}

/**
 * sendCached(socket, header, file, position, length): bytes sent, -1 when the file's are not all in memory. Never waits
 * and never throws: what a socket has against it, the next write to it finds.
 */
Napi::Value send_cached(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int socket = info[0].As<Napi::Number>().Int32Value();
  const Napi::Uint8Array header = info[1].As<Napi::Uint8Array>();
  const int file = info[2].As<Napi::Number>().Int32Value();
  off_t offset = info[3].As<Napi::Number>().Int64Value();
  auto left = static_cast<size_t>(info[4].As<Napi::Number>().Int64Value());
  if (left <= kMaxCopied && header.ByteLength() <= kMaxCopied - left)
    return Napi::Number::New(env, static_cast<double>(send_copy(socket, header, file, offset, left)));
  if (!is_cached(file, static_cast<uint64_t>(offset), left)) return Napi::Number::New(env, -1);
  ssize_t sent = 0;
  const auto header_length = static_cast<ssize_t>(header.ByteLength());
  if (header_length > 0) {
    // The header goes in one segment with the bytes behind it.
    sent = send(socket, header.Data(), header.ByteLength(), MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE);
    if (sent < header_length) return Napi::Number::New(env, sent < 0 ? 0 : static_cast<double>(sent));
  }
  while (left > 0) {
    // The socket is Node's, and so does not block.
    const ssize_t more = sendfile(socket, file, &offset, left);
    if (more <= 0) break;
    sent += more;
    left -= static_cast<size_t>(more);
  }
  return Napi::Number::New(env, static_cast<double>(sent));
}

/** stopPacing(socket): true when the socket, a TCP one, sends as fast as its peer takes. Never throws. */
Napi::Value stop_pacing(const Napi::CallbackInfo& info) {
  constexpr char kReno[] = "reno";
  const int socket = info[0].As<Napi::Number>().Int32Value();
  const int result = setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, kReno, sizeof kReno - 1);
  return Napi::Boolean::New(info.Env(), result == 0);
}

/** enlargeSendBuffer(socket, bytes): as far as the system lets this process. Never throws. */
Napi::Value enlarge_send_buffer(const Napi::CallbackInfo& info) {
  const int socket = info[0].As<Napi::Number>().Int32Value();
  const int bytes = info[1].As<Napi::Number>().Int32Value();
  setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  return info.Env().Undefined();
}

}  // namespace

void export_socket_send(Napi::Env env, Napi::Object exports) {
  exports.Set("sendCached", Napi::Function::New(env, send_cached));
  exports.Set("enlargeSendBuffer", Napi::Function::New(env, enlarge_send_buffer));
  exports.Set("stopPacing", Napi::Function::New(env, stop_pacing));
}

}  // namespace isodrive
