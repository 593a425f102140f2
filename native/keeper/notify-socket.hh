// Where the daemon speaks to its keeper, in the words of sd_notify(3): READY, STOPPING, FDSTORE, FDSTOREREMOVE and
// FDNAME; and in two of our own, EXECUTABLE and PROGRAM, which name a successor of another installation.
#pragma once

#include <sys/types.h>

#include <cstddef>

#include "../unique-fd.hh"
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
  /** Binds to a free name in the abstract namespace: there is no file to protect or to leave behind. */
  bool open();
  int descriptor() const { return socket_.get(); }
  /** As NOTIFY_SOCKET has it: "@" and the name. */
  const char* address() const { return address_; }
  /** Carries out all messages that have come, of the process `daemon` alone: the kernel vouches for the sender. */
  Notice receive(pid_t daemon, DescriptorStore& store);

 private:
  UniqueFd socket_;
  char address_[112] = {};
};

}  // namespace isodrive::keeper
