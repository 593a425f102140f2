// Which thread of a session waits for requests. One leads: it alone reads from the kernel, so that the next request
// meets a thread that is awake and finds its caches warm. The others follow: they sleep until the leader may be busy
// for long. (Threads that all wait in the kernel are woken in turn, each from sleep and each with cold caches.)
#pragma once

#include <condition_variable>
#include <mutex>

namespace isodrive {

class Leadership {
 public:
  /** Sleeps while another thread leads. False when the session has ended: then nobody leads any more. */
  bool take();
  /** Ends the lead of the calling thread. Nobody leads until a thread takes it: see `wake_follower`. */
  void give_up();
  /** Ends the session: every `take` gives false from now on. */
  void end();
  /** Sees to it that somebody leads. False when a new thread is needed for that. */
  bool wake_follower();

 private:
  std::mutex mutex_;
  std::condition_variable vacant_;
  bool led_ = false;
  bool ended_ = false;
  int followers_ = 0;
};

}  // namespace isodrive
