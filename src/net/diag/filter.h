// Which sockets sock_diag(7) is asked for, as a message that the kernel understands. The kernel filters, so that only
// the sockets that are asked for are copied. Pure.
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

/// A set of states, as bits: bit_of().
using States = std::uint32_t;
constexpr States bit_of(State state) { return 1U << static_cast<unsigned>(state); }
inline constexpr States kAllStates = ~States{0};
/// The states in which a socket holds a local port of its own: neither one that listens, nor one that was accepted from
/// it and whose handshake goes on.
inline constexpr States kHoldingAPort =
    kAllStates & ~(bit_of(State::syn_received) | bit_of(State::listening) | bit_of(State::new_syn_received));

struct Filter {
  Protocol protocol = Protocol::tcp;
  int family = AF_INET;  ///< or AF_INET6
  States states = kAllStates;
  std::optional<Address> to = {};  ///< its other end, with its port (0: any); of `family`
  /// Its own end is one of these; empty: any. Those of another family match nothing.
  std::vector<Source> from = {};
  bool with_details = false;  ///< Socket::details; costs the kernel a lock for each socket
};

/// The request for a dump. E2BIG: more sources than one filter takes (about 900).
Result<std::vector<std::byte>> dump_request(const Filter& filter);

/// The request that the kernel destroy a socket (SOCK_DESTROY) which a dump has told.
std::vector<std::byte> destroy_request(const Socket& socket);

}  // namespace lastbyte::net::diag
