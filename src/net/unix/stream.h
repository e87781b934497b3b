// UNIX stream sockets where they are not like TCP's: how a connection is made, how much one send takes, who the peer
// is, and the descriptors that travel with the bytes (SCM_RIGHTS of unix(7)).
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

/// Connects; never blocks, and is done at once or fails at once. ENOENT and ECONNREFUSED: nobody listens there. EAGAIN:
/// the backlog is full, and no readiness tells when it no longer is (net/unix/af_unix.c unix_stream_connect).
/// `inside`: the network namespace whose abstract names count; null: this thread's.
Result<Descriptor> connect_unix(const Address& to, const SocketOptions& options, NamespaceThread* inside = nullptr);
/// The same to a file that was found already: `name` is what connect(2) gets (net/root/open.h name_of_file()), `to`
/// what the error tells.
Result<Descriptor> connect_unix(const Address& to, const Address& name, const SocketOptions& options);

/// Finds out what a name leads to, without an effect on its owner. 0: a datagram socket; EPROTOTYPE: another socket in
/// use; ECONNREFUSED: no process has the socket open, or the file is no socket; otherwise as of connect(2). `inside`:
/// the network namespace whose abstract names count; null: this thread's.
int probe_unix(const Address& name, NamespaceThread* inside = nullptr);

/// SO_SNDBUF, if asked for. An accepted UNIX socket does not have it from its listener: the kernel makes it when the
/// client connects, with the default (unix_stream_connect). SO_RCVBUF has no effect on UNIX sockets: what waits in the
/// peer's queue is charged to the sender.
void set_send_buffer(int fd, const SocketOptions& options);

/// The most that one send() is to be given, so that it is one packet to the kernel. A longer one is several, and where
/// an error meets one that is not the first, unix_stream_sendmsg() returns what went before and drops the error (T10).
std::size_t most_in_one_send(int fd);

/// The process at the other end: the client at its connect(), or the server at its listen() (SO_PEERCRED). In the
/// namespaces of this process: pid 0 means no number here (pid_namespaces(7)), id 65534 no mapping
/// (user_namespaces(7)).
struct PeerCredentials {
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;

  friend bool operator==(const PeerCredentials&, const PeerCredentials&) = default;
};
std::optional<PeerCredentials> peer_credentials(int fd);

/// Whether send() would take something now, or say at once that it never will. If it takes something, then at least as
/// much as most_in_one_send(): POLLOUT stands for three quarters of the buffer (unix_writable).
bool takes_bytes_now(int fd);

inline constexpr std::size_t kLookAhead = 64 * 1024;

/// The result of a peek: what the next read will return.
struct Ahead {
  ssize_t bytes = -1;        ///< this many can be read, at most kLookAhead; 0: the end; -1: errno is set
  bool descriptors = false;  ///< true: they come with the first of these bytes; false: with none of them
};

/// Looks ahead without taking anything. Needed because a read glues what was sent
/// without descriptors to what was sent after it with some (net/unix/af_unix.c unix_stream_read_generic), and then does
/// not tell with which byte they came. A program that reads messages of known length would get them with the wrong one.
Ahead look_ahead(int fd);

/// How many descriptors one message may carry: SCM_MAX_FD of include/net/scm.h.
inline constexpr std::size_t kMostDescriptors = 253;

struct WithDescriptors {
  ssize_t bytes = -1;  ///< as of recv(2); -1: errno is set
  std::vector<Descriptor> descriptors;
  bool lost_some = false;  ///< not all could be had (EMFILE, or a security module); the kernel has closed the rest
};

/// Reads bytes and the descriptors that come with them, close-on-exec.
WithDescriptors receive_with_descriptors(int fd, std::span<std::byte> room);

/// send(2) with descriptors, which go with the first byte; they stay the caller's to close. Where it returns -1, none
/// was sent.
ssize_t send_with_descriptors(int fd, std::span<const std::byte> bytes, const std::vector<Descriptor>& descriptors);

}  // namespace lastbyte::net
