// Socket activation: listening sockets that the service manager created and passed (sd_listen_fds(3)).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address/address.h"
#include "net/address/endpoint.h"

namespace lastbyte::proxy {

struct PassedSocket {
  std::shared_ptr<const Descriptor> socket;  ///< open until the process ends, because the service manager has it, too
  std::string name;                          ///< FileDescriptorName= of the socket unit
  net::Address address;
  bool dual_stack = false;                         ///< bound to :: and also accepts IPv4 (IPV6_V6ONLY is off)
  net::Transport transport = net::Transport::tcp;  ///< derived from the socket
};

/// Takes all sockets that were passed to this process, and makes them non-blocking and close-on-exec. There are none if
/// LISTEN_PID is another process. Removes LISTEN_FDS and the related variables from the environment. A socket that is
/// neither a listening stream socket nor a bound UDP socket is an error.
Result<std::vector<PassedSocket>> take_passed_sockets();

/// Returns whether clients of `address` reach the socket.
bool covers(const PassedSocket& passed, const net::Address& address);

/// A forwarding's part in the match.
struct Wanted {
  std::string name;
  std::vector<net::Address> addresses;  ///< addresses to listen on
  net::Transport transport = net::Transport::tcp;
};

/// Returns for each passed socket the index of its forwarding: the one with its name, else the one that listens on its
/// address. A socket without a forwarding is an error. Pure.
Result<std::vector<std::size_t>> match(const std::vector<PassedSocket>& passed, const std::vector<Wanted>& wanted);

}  // namespace lastbyte::proxy
