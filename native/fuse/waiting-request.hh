// A request of the kernel that waits for somebody.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "request-log.hh"
#include "io/unit-reader.hh"

namespace isodrive {

/** A request that waits, with a copy of what was read. */
struct WaitingRequest {
  Asked asked;
  wire::InHeader header;
  std::vector<uint8_t> arguments;
  /** The units that it has waited for. */
  HeldUnits held;

  WaitingRequest(const Asked& asked, const Request& request, HeldUnits held = {})
      : asked(asked),
        header(request.header),
        arguments(request.arguments, request.arguments + request.size),
        held(std::move(held)) {}
  Request request() const { return {header, arguments.data(), arguments.size()}; }
};

}  // namespace isodrive
