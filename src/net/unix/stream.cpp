#include "net/unix/stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "net/namespace/thread.h"
#include "net/socket/set_options.h"

namespace lastbyte::net {
namespace {

/// No kernel splits a packet of a UNIX socket up to this size: the limit is 32 KiB in pages, plus what fits beside the
/// header (net/unix/af_unix.c UNIX_SKB_FRAGS_SZ).
constexpr std::size_t kPacket = 32 * 1024;
/// The part of half the send buffer that the kernel reserves (unix_stream_sendmsg).
constexpr std::size_t kOverhead = 64;

constexpr std::size_t kScratch = 4 * 1024;
constexpr std::size_t kControl = CMSG_SPACE(kMostDescriptors * sizeof(int));

struct Peeked {
  ssize_t bytes;  ///< -1: errno is set
  bool descriptors;
};

/// Looks at the packets that lie entirely within the next `most` bytes, up to and including the first with descriptors.
/// There is no room for descriptors, so that the kernel makes none but reports them by MSG_CTRUNC (net/core/scm.c
/// scm_recv). The room for bytes ends at an address that cannot be written. At a packet that reaches it the kernel
/// stops and counts only the packets before it, or returns EFAULT if there are none (net/unix/af_unix.c
/// unix_stream_read_generic). With less room and no such end, the look would continue past it and report descriptors
/// anywhere in the queue. All bytes go to one small buffer that stays in the cache, because nobody needs them yet.
Peeked peek_at_packets(int fd, std::size_t most) {
  std::array<std::byte, kScratch> scratch;
  std::array<iovec, kLookAhead / kScratch + 1> parts;
  std::size_t count = 0;
  for (std::size_t left = std::min(most, kLookAhead); left > 0; ++count) {
    parts[count] = {scratch.data(), std::min(left, kScratch)};
    left -= parts[count].iov_len;
  }
  parts[count++] = {nullptr, 1};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  const ssize_t got = ::recvmsg(fd, &message, MSG_PEEK);
  return {got, got > 0 && (message.msg_flags & MSG_CTRUNC) != 0};
}

/// Control data of a message with descriptors.
struct alignas(cmsghdr) Control {
  std::array<std::byte, kControl> bytes;
};

void take_descriptors(msghdr& message, std::vector<Descriptor>& descriptors) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t index = 0; index < count; ++index) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + index * sizeof fd, sizeof fd);
      descriptors.emplace_back(fd);
    }
  }
}

/// `to` is for the error's text.
Result<Descriptor> connect_with(Result<Descriptor> socket, const Address& to, const Address& name,
                                const SocketOptions& options) {
  if (!socket) return failure("connect " + to.text(), socket.error().code, std::move(socket.error().detail));
  set_send_buffer(socket->get(), options);
  if (::connect(socket->get(), name.data(), name.size()) != 0) return failure_from_errno("connect " + to.text());
  return socket;
}

}  // namespace

Result<Descriptor> connect_unix(const Address& to, const SocketOptions& options, NamespaceThread* inside) {
  return connect_with(make_socket(AF_UNIX, SOCK_STREAM, inside), to, to, options);
}

Result<Descriptor> connect_unix(const Address& to, const Address& name, const SocketOptions& options) {
  return connect_with(make_socket(AF_UNIX, SOCK_STREAM, nullptr), to, name, options);
}

int probe_unix(const Address& name, NamespaceThread* inside) {
  // A stream socket would make a connection to the server (net/unix/af_unix.c unix_find_bsd).
  const auto socket = make_socket(AF_UNIX, SOCK_DGRAM, inside);
  if (!socket) return socket.error().code;
  return ::connect(socket->get(), name.data(), name.size()) == 0 ? 0 : errno;
}

void set_send_buffer(int fd, const SocketOptions& options) {
  if (!options.send_buffer) return;
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &*options.send_buffer, sizeof *options.send_buffer);
}

std::size_t most_in_one_send(int fd) {
  int buffer = 0;
  socklen_t length = sizeof buffer;
  if (::getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, &length) != 0 || buffer < 0) return kPacket;
  const std::size_t half = static_cast<std::size_t>(buffer) / 2;
  return std::min(kPacket, std::max(half, kOverhead + 1) - kOverhead);
}

std::optional<PeerCredentials> peer_credentials(int fd) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return std::nullopt;
  return PeerCredentials{peer.pid, peer.uid, peer.gid};
}

bool takes_bytes_now(int fd) {
  pollfd polled{.fd = fd, .events = POLLOUT, .revents = 0};
  return ::poll(&polled, 1, 0) > 0;
}

Ahead look_ahead(int fd) {
  const Peeked all = peek_at_packets(fd, kLookAhead);
  // No packet with descriptors is that long: send() makes none, and splice() carries no descriptors.
  if (all.bytes < 0 && errno == EFAULT) return {kLookAhead, false};
  if (!all.descriptors) return {all.bytes, false};
  // The last of these packets has the descriptors. A second look, with one byte less of room, finds those before it.
  const Peeked before = peek_at_packets(fd, static_cast<std::size_t>(all.bytes) - 1);
  return before.bytes > 0 ? Ahead{before.bytes, false} : Ahead{all.bytes, true};
}

WithDescriptors receive_with_descriptors(int fd, std::span<std::byte> room) {
  Control control;
  iovec part{room.data(), room.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  WithDescriptors got;
  // Reserve first: an allocation failure after the call would lose uncounted bytes and leak descriptors.
  got.descriptors.reserve(kMostDescriptors);
  got.bytes = ::recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  if (got.bytes < 0) return got;
  take_descriptors(message, got.descriptors);
  got.lost_some = (message.msg_flags & MSG_CTRUNC) != 0;
  return got;
}

ssize_t send_with_descriptors(int fd, std::span<const std::byte> bytes, const std::vector<Descriptor>& descriptors) {
  Control control{};
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
  for (std::size_t index = 0; index < descriptors.size(); ++index) {
    const int each = descriptors[index].get();
    std::memcpy(CMSG_DATA(header) + index * sizeof each, &each, sizeof each);
  }
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

}  // namespace lastbyte::net
