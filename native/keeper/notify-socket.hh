// Where the daemon speaks to its keeper, in the words of sd_notify(3): READY, STOPPING, FDSTORE, FDSTOREREMOVE and
// FDNAME; and in two of our own, EXECUTABLE and PROGRAM, which name a successor of another installation. A pair of
// sockets of each daemon's own, of which it inherits one: without a name, no stranger can send.
#pragma once

#include <sys/types.h>

#include <cstddef>

#include "system/unique-fd.hh"
#include "descriptor-store.hh"

namespace isodrive::keeper {

/** Longest path of a successor, its terminator included: two fit into a message. */
inline constexpr size_t kMaxPath = 2000;

/** What the daemon said of itself. */
struct Notice {
  bool is_ready = false;
  bool is_stopping = false;
  /** What its successor is to be run by, and from; empty where it is the same again. */
  char executable[kMaxPath] = {};
  char program[kMaxPath] = {};
};

class NotifySocket {
 public:
  /** A new pair, for the next daemon: what an older one still sends goes nowhere. False with errno. */
  bool open();
  /** To be polled; -1 once nobody has the other end any more. */
  int descriptor() const { return socket_.get(); }
  /** The daemon's end, to be closed here once the daemon has it. */
  UniqueFd& daemon_end() { return daemon_end_; }
  /**
   * Carries out all messages that have come, of the process `daemon` alone: children of its may have inherited its
   * end.
   */
  Notice receive(pid_t daemon, DescriptorStore& store);

 private:
  UniqueFd socket_;
  UniqueFd daemon_end_;
};

}  // namespace isodrive::keeper
