// Selects sockets in a sock_diag(7) request. The kernel does the filtering, so that it copies only matching sockets.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "net/address/address.h"
#include "net/address/source.h"
#include "net/diag/socket.h"

namespace lastbyte::net::diag {

/// A set of states, one bit each: bit_of().
using States = std::uint32_t;
constexpr States bit_of(State state) { return 1U << static_cast<unsigned>(state); }
inline constexpr States kAllStates = ~States{0};
/// The states in which a socket holds a local port of its own. Excluded are listening sockets and sockets accepted from
/// one whose handshake is under way.
inline constexpr States kHoldingAPort =
    kAllStates & ~(bit_of(State::syn_received) | bit_of(State::listening) | bit_of(State::new_syn_received));

struct Filter {
  Protocol protocol = Protocol::tcp;
  int family = AF_INET;  ///< or AF_INET6
  States states = kAllStates;
  std::optional<Address> to = {};  ///< the remote address, with its port (0: any); of `family`
  /// The local address is one of these; empty: any. Sources of another family match nothing.
  std::vector<Source> from = {};
  bool with_details = false;  ///< Socket::details; costs the kernel a lock for each socket
};

/// Makes the request for a dump. E2BIG: more sources than one filter can hold (about 900).
Result<std::vector<std::byte>> dump_request(const Filter& filter);

/// Makes the request to destroy a socket that a dump has returned (SOCK_DESTROY).
std::vector<std::byte> destroy_request(const Socket& socket);

}  // namespace lastbyte::net::diag
