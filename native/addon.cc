// The addon's entry: all that native/index.ts declares. It is loaded by every thread of JavaScript, and keeps nothing
// for the process but the numbers of regions and sessions, and how many threads of pools there are.
#include <malloc.h>
#include <napi.h>

#include "io/io-pool.hh"
#include "control/control-listener.hh"
#include "codec/crc32c.hh"
#include "codec/inflate-blocks.hh"
#include "system/apart-programs.hh"
#include "system/loop-device.hh"
#include "system/mount-watch.hh"
#include "control/service-notification.hh"
#include "system/optical-drive.hh"
#include "system-calls.hh"
#include "index/region-calls.hh"
#include "fuse/session-calls.hh"
#include "io/socket-send.hh"

namespace isodrive {
namespace {

/** Bytes above which glibc maps an allocation of its own; below the 64 KiB blocks of the metadata cache. */
constexpr int kMapThreshold = 32768;
/**
 * Heaps of glibc, which keeps one a thread otherwise: threads that come and go with mounts would each leave one
 * grown.
 */
constexpr int kArenas = 2;

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
#ifdef __GLIBC__
  // The blocks that indexing reads and drops would otherwise stay in the heap of a daemon that lives for months:
  // 24 of 99 MiB after 200,000 entries. Set here, so that it holds however the daemon was started.
  // NOLINTBEGIN(concurrency-mt-unsafe): glibc locks its heap while it changes this.
  mallopt(M_MMAP_THRESHOLD, kMapThreshold);
  mallopt(M_ARENA_MAX, kArenas);
  // NOLINTEND(concurrency-mt-unsafe)
#endif
  export_regions(env, exports);
  export_sessions(env, exports);
  export_io_pool(env, exports);
  export_system_calls(env, exports);
  export_socket_send(env, exports);
  export_crc32c(env, exports);
  export_inflate_blocks(env, exports);
  export_control_listener(env, exports);
  export_notify(env, exports);
  export_apart_programs(env, exports);
  export_loop_device(env, exports);
  export_optical_drive(env, exports);
  export_mount_watch(env, exports);
  return exports;
}

NODE_API_MODULE(isodrive, initialise)

}  // namespace
}  // namespace isodrive
