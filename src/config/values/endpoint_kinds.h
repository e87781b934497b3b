// The kinds of sockets that a setting applies to, as a set.
#pragma once

#include <string>

#include "net/address/endpoint.h"

namespace lastbyte::config {

/// A set of kinds, one bit each.
using Kinds = unsigned;

inline constexpr Kinds kTcp = 1;
inline constexpr Kinds kUdp = 2;
inline constexpr Kinds kPath = 4;      ///< a UNIX socket that has a file
inline constexpr Kinds kAbstract = 8;  ///< a UNIX socket with an abstract name
inline constexpr Kinds kIp = kTcp | kUdp;
inline constexpr Kinds kUnix = kPath | kAbstract;
inline constexpr Kinds kStream = kTcp | kUnix;

/// Returns the kind of the endpoint.
Kinds kind_of(const net::Endpoint& endpoint);

/// "udp"; "tcp or unix"; "tcp, udp or an abstract unix socket".
std::string words(Kinds kinds);

}  // namespace lastbyte::config
