// Socket activation: listening sockets that the service manager made and handed over (sd_listen_fds(3)).
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
  std::shared_ptr<const Descriptor> socket;  ///< kept for the life of the process: it is the service manager's, too
  std::string name;                          ///< FileDescriptorName= of the socket unit
  net::Address address;
  bool dual_stack = false;                         ///< bound to :: and takes IPv4 too (IPV6_V6ONLY is off)
  net::Transport transport = net::Transport::tcp;  ///< or another, by what the socket is
};

/// Takes over all sockets that were passed to this process, non-blocking and close-on-exec; none when LISTEN_PID is not
/// ours. Clears LISTEN_FDS and its kin from the environment. What is neither a listening stream socket nor a bound UDP
/// socket is an error.
Result<std::vector<PassedSocket>> take_passed_sockets();

/// True if clients of `address` come to the socket.
bool covers(const PassedSocket& passed, const net::Address& address);

/// A forwarding as the match sees it.
struct Wanted {
  std::string name;
  std::vector<net::Address> addresses;  ///< that it is to listen on
  net::Transport transport = net::Transport::tcp;
};

/// For each passed socket the index of the forwarding that it belongs to: the one of its name, or else the one that is
/// to listen on its address. One that belongs to none is an error. Pure.
Result<std::vector<std::size_t>> match(const std::vector<PassedSocket>& passed, const std::vector<Wanted>& wanted);

}  // namespace lastbyte::proxy
