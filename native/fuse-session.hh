// One mounted file system: threads that take requests from /dev/fuse, each through a descriptor of its own, and a
// place where requests wait for directories that JavaScript has yet to load.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "fuse-handlers.hh"
#include "unique-fd.hh"

namespace isodrive {

struct SessionOptions {
  UniqueFd device;
  /** Descriptor of the image; the session's own copy. */
  UniqueFd image;
  uint64_t image_bytes;
  const uint8_t* region;
  VolumeInfo volume;
};

class FuseSession {
 public:
  /** Both are called from session threads: `on_load` with the row of a directory to load, `on_end` once, at the end. */
  using OnLoad = std::function<void(uint32_t row)>;
  using OnEnd = std::function<void()>;

  FuseSession(SessionOptions options, OnLoad on_load, OnEnd on_end);
  /** Waits for the threads: destroy only after `on_end`, or when the connection is known to be gone. */
  ~FuseSession();
  FuseSession(const FuseSession&) = delete;
  FuseSession& operator=(const FuseSession&) = delete;

  void start();
  /** Answers all that waits for a directory, with `error` when it is not 0. Called after its state was published. */
  void resume(uint32_t row, int error);

 private:
  /** A request that waits. It is answered through the descriptor it was read from: the kernel looks for it there. */
  struct Parked {
    int device;
    wire::InHeader header;
    std::vector<uint8_t> arguments;
  };

  /** Starts a thread that reads from `device`, or from the first descriptor when it is not valid. */
  void spawn(UniqueFd device);
  void serve(int device);
  void greet(int device, const Request& request);
  void handle(int device, const Request& request, uint8_t* scratch);
  /** False when the directory was loaded meanwhile: the caller handles the request again. */
  bool park(int device, uint32_t row, const Request& request);
  void interrupt(const Request& request);

  UniqueFd device_;
  UniqueFd image_fd_;
  ImageReader image_;
  FuseHandlers handlers_;
  OnLoad on_load_;
  OnEnd on_end_;
  std::mutex threads_mutex_;
  std::vector<std::thread> threads_;
  /** Open until the session ends, not only while their threads run: parked requests are answered through them. */
  std::vector<UniqueFd> clones_;
  std::atomic<int> idle_{0};
  std::atomic<int> running_{0};
  std::atomic<bool> greeted_{false};
  std::mutex parked_mutex_;
  std::unordered_map<uint32_t, std::vector<Parked>> parked_;
};

}  // namespace isodrive
