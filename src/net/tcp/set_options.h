// Options of TCP sockets, for the files that make them.
#pragma once

#include <string>
#include <string_view>

#include "net/address/address.h"
#include "net/socket/options.h"
#include "net/socket/set_options.h"

namespace lastbyte::net {

inline constexpr std::string_view kTcpScheme = "tcp:";

/// "tcp:127.0.0.1:80", for errors.
std::string tcp_name(const Address& address);

/// Sets the options that must be set before bind(), listen() or connect().
void set_early(Options& set, const SocketOptions& options);

void set_keepalive(Options& set, const Keepalive& keepalive);

}  // namespace lastbyte::net
