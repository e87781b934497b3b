// Tells whether a TCP connection ended by a FIN when a read alone cannot (T10).
#pragma once

#include <cstdint>
#include <optional>

namespace lastbyte::net {

/// Whether the peer's FIN has come, for a read that returned 0 after an error had been taken (T10). `read`: all bytes
/// ever read from the socket, whose queue must be empty. The kernel counts a FIN among the bytes received, also after a
/// reset (net/ipv4/tcp_input.c tcp_fin, tcp_rcv_nxt_update). nullopt: reads may have skipped urgent bytes; then only a
/// connection that is not closed shows that the end was a FIN.
bool fin_has_come(int fd, std::optional<std::uint64_t> read);

/// Returns how many urgent bytes reads skipped before SO_OOBINLINE was set on the socket; it must be set now. `read`:
/// all bytes ever read from it. nullopt: the connection is gone, and the kernel can no longer tell its FIN from a byte.
std::optional<std::uint64_t> passed_over(int fd, std::uint64_t read);

}  // namespace lastbyte::net
