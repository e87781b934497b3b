// UNIX stream sockets where they differ from TCP: connecting, the size of one send, the peer's identity, and
// descriptors that travel with the bytes (SCM_RIGHTS of unix(7)).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address/address.h"
#include "net/socket/options.h"

namespace lastbyte::net {

class NamespaceThread;  // net/namespace/thread.h

/// Connects or fails at once; never blocks. ENOENT and ECONNREFUSED: nobody listens there. EAGAIN: the backlog is full,
/// and no readiness event tells when it has room again (net/unix/af_unix.c unix_stream_connect). `inside`: the network
/// namespace whose abstract names apply; null: this thread's.
Result<Descriptor> connect_unix(const Address& to, const SocketOptions& options, NamespaceThread* inside = nullptr);
/// The same for a file that has already been found: connect(2) gets `name` (net/root/open.h name_of_file()), errors
/// show `to`.
Result<Descriptor> connect_unix(const Address& to, const Address& name, const SocketOptions& options);

/// Finds out what a name leads to, without any effect on the socket's owner. 0: a datagram socket; EPROTOTYPE: another
/// socket in use; ECONNREFUSED: no process has the socket open, or the file is no socket; otherwise an errno of
/// connect(2). `inside`: the network namespace whose abstract names apply; null: this thread's.
int probe_unix(const Address& name, NamespaceThread* inside = nullptr);

/// Sets SO_SNDBUF if the options have it. Accepted UNIX sockets do not inherit it from their listener: the kernel makes
/// them with the default when the client connects (unix_stream_connect). SO_RCVBUF has no effect on UNIX sockets: the
/// kernel charges the peer's unread bytes to the sender.
void set_send_buffer(int fd, const SocketOptions& options);

/// The largest send() that the kernel keeps in one packet. A longer one takes several, and if a packet other than the
/// first fails, unix_stream_sendmsg() returns the bytes sent before it and drops the error (T10).
std::size_t most_in_one_send(int fd);

/// The process at the other end (SO_PEERCRED): the client as of its connect(), or the server as of its listen().
/// Numbers are those of this process's namespaces: pid 0 means that it has no number here (pid_namespaces(7)), id 65534
/// that it has no mapping (user_namespaces(7)).
struct PeerCredentials {
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;

  friend bool operator==(const PeerCredentials&, const PeerCredentials&) = default;
};
std::optional<PeerCredentials> peer_credentials(int fd);

/// Whether send() would take bytes now, or fail for good at once. If it takes bytes, it takes at least
/// most_in_one_send(): POLLOUT means three quarters of the buffer (unix_writable).
bool takes_bytes_now(int fd);

inline constexpr std::size_t kLookAhead = 64 * 1024;

/// The result of a look ahead: what the next read will return.
struct Ahead {
  ssize_t bytes = -1;        ///< number of bytes that can be read, at most kLookAhead; 0: the end; -1: errno is set
  bool descriptors = false;  ///< true: descriptors come with the first of these bytes; false: with none of them
};

/// Looks ahead without taking anything. A read joins bytes sent without descriptors and bytes sent after them with some
/// (net/unix/af_unix.c unix_stream_read_generic), and does not tell which byte the descriptors came with. A program
/// that reads messages of known length would then get them with the wrong message.
Ahead look_ahead(int fd);

/// The most descriptors in one message: SCM_MAX_FD of include/net/scm.h.
inline constexpr std::size_t kMostDescriptors = 253;

struct WithDescriptors {
  ssize_t bytes = -1;  ///< as returned by recv(2); -1: errno is set
  std::vector<Descriptor> descriptors;
  bool lost_some = false;  ///< some could not be received (EMFILE, or a security module); the kernel has closed them
};

/// Reads bytes and the descriptors that come with them; these are close-on-exec.
WithDescriptors receive_with_descriptors(int fd, std::span<std::byte> room);

/// Sends bytes with descriptors, which go with the first byte. The caller still owns and closes them. On -1, none was
/// sent.
ssize_t send_with_descriptors(int fd, std::span<const std::byte> bytes, const std::vector<Descriptor>& descriptors);

}  // namespace lastbyte::net
