// Which thread of a session waits for requests. One leads: it alone reads from the kernel, so that the next request
// meets a thread that is awake and finds its caches warm. The others follow: they sleep until the leader is, or may be,
// busy for long. (Threads that all wait in the kernel are woken in turn, each from sleep and each with cold caches.)
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace isodrive {

class Leadership {
 public:
  /** Takes the lead when it is vacant, otherwise follows until called for. False when the session has ended. */
  bool take();
  /** Ends the lead of the calling thread. The lead stays vacant until a thread takes it. */
  void give_up();
  /** Ends the session: every `take` gives false from now on. */
  void end();
  /** The caller will be busy for long: calls a follower to the lead. False when there is none. */
  bool call_follower();
  /** The caller may be busy for long: a follower takes the lead if it stays vacant. False when there is none. */
  bool call_watcher();

 private:
  /** Sleeps until called, or until the watched lead has been vacant for long. */
  void follow(std::unique_lock<std::mutex>& lock);
  /** One tick of the watcher; true when the lead was vacant all the time. */
  bool watch(std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable called_;
  bool led_ = false;
  bool ended_ = false;
  int followers_ = 0;
  /** A follower was called, and nobody has taken the lead since. */
  bool is_called_ = false;
  /** Changes whenever the lead is taken or given up. */
  uint64_t term_ = 0;
  bool is_watch_wanted_ = false;
  bool has_watcher_ = false;
};

}  // namespace isodrive
