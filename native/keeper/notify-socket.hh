// Where the daemon speaks to its keeper, in the words of sd_notify(3): READY, STOPPING, FDSTORE, FDSTOREREMOVE and
// FDNAME.
#pragma once

#include <sys/types.h>

#include "../unique-fd.hh"
#include "descriptor-store.hh"

namespace isodrive::keeper {

/** What the daemon said of itself. */
struct Notice {
  bool is_ready = false;
  bool is_stopping = false;
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
