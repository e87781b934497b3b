// Making sockets: listening ones and connecting ones, with their options, and the few calls whose semantics carry the
// termination contract.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address/address.h"
#include "net/socket/options.h"

namespace lastbyte::net {

class NamespaceThread;  // net/namespace/thread.h

/// One listening socket per member of `count`, non-blocking, all bound to the same address (SO_REUSEPORT when there
/// are several). An address that another process already listens on is an error even then, unless
/// `options.reuse_port`. 0.0.0.0 never listens on IPv6, and :: never on IPv4 (IPV6_V6ONLY). With port 0 the kernel
/// picks one, the same for all.
Result<std::vector<Descriptor>> listen_on(const Address& address, const ListenOptions& options, int count);

/// Those options that a listening TCP socket takes at any time: nodelay, keepalive, defer_accept, fast_open.
/// listen_on() has them set; this is for a listening socket that was handed in from outside. `address` is for the
/// error's text.
Result<void> apply_listen_options(int fd, const Address& address, const ListenOptions& options);

/// Makes a listening socket of TCP or UNIX, set up by listen_on() or apply_listen_options() with `from`, what `to`
/// says, for the connections that come from now on. Preconditions: can_change(from, to); the calling thread is in the
/// socket's network namespace.
Result<void> change_listen_options(int fd, const Address& address, const ListenOptions& from, const ListenOptions& to);

/// Lets other sockets of the same user share the port of a listening one (SO_REUSEPORT).
void share_port(int fd);

/// False: what `to` says takes a new socket. The interface is chosen when a socket is bound; before Linux 5.15 a buffer
/// that was sized once is not the kernel's to size again (SOCK_SNDBUF_LOCK, net/core/sock.c). What network namespace a
/// name in them stands for is for the caller to know.
bool can_change(const ListenOptions& from, const ListenOptions& to);

/// A non-blocking socket whose connection is under way. `connected`: it was made at once.
struct Connecting {
  Descriptor socket;
  bool connected = false;
  std::size_t early = 0;  ///< bytes on their way with the SYN
};

/// Starts to connect; never blocks. `source`: none() for the kernel's choice. With default options this is socket() and
/// connect() and nothing else: TCP_NODELAY and keepalive are put off, see set_nodelay() and apply_keepalive(). `early`
/// goes with the SYN where the kernel holds a cookie (Fast Open, MSG_FASTOPEN), and Connecting::early tells how much of
/// it did. Whether it was taken is known only once the connection is made; until then the caller keeps it. (With
/// TCP_FASTOPEN_CONNECT the socket would be writable before its SYN is answered, and a shutdown() would undo it; T3.)
/// With `options.transparent`, `source` need not be an address of this machine. `inside`: the network namespace that
/// the socket is to be of; null: this thread's.
Result<Connecting> start_connecting(const Address& to, const Address& source, const ConnectOptions& options,
                                    std::span<const std::byte> early = {}, NamespaceThread* inside = nullptr);

/// Whether the socket of start_connecting() can be had, up to its connect(): with these options, from this source. A
/// source port that is in use is no error: it will be free again.
Result<void> check_connecting(const Address& to, const Address& source, const ConnectOptions& options,
                              NamespaceThread* inside);

/// Whether the connection's handshake is not over yet (TCP_INFO): with Fast Open bytes may move before that.
bool in_handshake(int fd);

/// SO_OOBINLINE: urgent data is read with the rest, in its place.
void set_urgent_inline(int fd);

/// Turns Nagle's algorithm off. For a connected side this is put off until its second write: Minshall's rule in
/// net/ipv4/tcp_output.c tcp_nagle_check delays only a small segment that follows another unacknowledged small one, so
/// that the first write never waits and short sessions are spared a system call.
void set_nodelay(int fd);

/// Turns keepalive on as asked: four system calls, so on the connecting side only once a session has lived for a while.
/// Does nothing where it is not enabled. Accepted sockets have it from their listener.
void apply_keepalive(int fd, const Keepalive& keepalive);

/// Bytes that the peer's kernel has not acknowledged yet; an unacknowledged FIN counts as 1 (SIOCOUTQ;
/// net/ipv4/tcp.c tcp_ioctl). Still tells the truth after a reset: the queue is purged, the sequence numbers are not.
std::uint32_t unacknowledged(int fd);

/// Takes the socket's pending error (SO_ERROR); 0: none. The kernel gives it once (T10).
int take_error(int fd);

/// Whether the peer's FIN has come, where a read that returns 0 does not tell because an error was taken before (T10).
/// `read`: all bytes that were ever read from the socket, its queue now being empty. The kernel counts a FIN among the
/// bytes received (net/ipv4/tcp_input.c tcp_fin, tcp_rcv_nxt_update), also after a reset. nullopt: urgent bytes may
/// have been passed over; then only a connection that still stands shows that it was a FIN.
bool fin_has_come(int fd, std::optional<std::uint64_t> read);

/// How many urgent bytes were passed over by reads before SO_OOBINLINE was set on the socket, which it now is. `read`:
/// all bytes that were ever read from it. nullopt: the connection is gone, and the kernel no longer tells its FIN from
/// a byte.
std::optional<std::uint64_t> passed_over(int fd, std::uint64_t read);

/// close() that sends RST: SO_LINGER {1,0} in the instant before (T7). A non-zero linger time is never used: it blocks
/// even non-blocking sockets.
void reset_and_close(Descriptor& socket);

/// The address that a socket is bound to; none() on error.
Address local_address(int fd);

/// Whether a connection of TCP or UDP was made to the connecting socket itself (may_meet_itself() in port_use.h).
bool is_its_own_peer(int fd);

}  // namespace lastbyte::net
