// Whether a TCP connection ended by a FIN, where a read alone does not tell (T10).
#pragma once

#include <cstdint>
#include <optional>

namespace lastbyte::net {

/// Whether the peer's FIN has come, where a read that returns 0 does not tell because an error was taken before (T10).
/// `read`: all bytes that were ever read from the socket, its queue now being empty. The kernel counts a FIN among the
/// bytes received (net/ipv4/tcp_input.c tcp_fin, tcp_rcv_nxt_update), also after a reset. nullopt: urgent bytes may
/// have been passed over; then only a connection that still stands shows that it was a FIN.
bool fin_has_come(int fd, std::optional<std::uint64_t> read);

/// How many urgent bytes were passed over by reads before SO_OOBINLINE was set on the socket, which it now is. `read`:
/// all bytes that were ever read from it. nullopt: the connection is gone, and the kernel no longer tells its FIN from
/// a byte.
std::optional<std::uint64_t> passed_over(int fd, std::uint64_t read);

}  // namespace lastbyte::net
