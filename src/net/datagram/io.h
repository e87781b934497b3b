// Many datagrams per system call, in both directions. No datagram needs an allocation: a worker makes both boxes once.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "net/address/address.h"

namespace lastbyte::net {

/// The largest UDP datagram over IPv4 (65,535 less the headers). IPv6 allows 20 bytes more; nobody sends them.
inline constexpr std::size_t kLargestDatagram = 65'507;

/// The sender and the local address of a datagram, in a fixed layout without padding that is fast to hash and compare.
struct DatagramEnds {
  std::array<std::uint8_t, 16> client{};  ///< in network order; an IPv4 address fills the first four
  std::array<std::uint8_t, 16> local{};   ///< zeros: the address that the socket is bound to
  std::uint32_t client_scope = 0;         ///< sin6_scope_id
  std::uint32_t local_interface = 0;      ///< of a link-local `local`
  std::uint16_t port = 0;                 ///< the client's, in host order
  std::uint16_t family = AF_UNSPEC;

  [[nodiscard]] Address client_address() const;
  [[nodiscard]] bool has_local() const { return local != std::array<std::uint8_t, 16>{}; }
  friend bool operator==(const DatagramEnds&, const DatagramEnds&) = default;
};

/// The content of one slot: one datagram, or several received together (UDP_GRO).
struct Arrival {
  std::span<std::byte> bytes;
  std::size_t segment = 0;  ///< size of each datagram; the last may be shorter. bytes.size() for a single datagram
};

/// Slots for received datagrams, filled in order until they are cleared.
class DatagramInbox {
 public:
  static constexpr std::size_t kSlots = 64;

  DatagramInbox();
  DatagramInbox(const DatagramInbox&) = delete;
  DatagramInbox& operator=(const DatagramInbox&) = delete;

  /// Receives into the free slots; never blocks. Returns the number of slots filled, or the negative errno; -EAGAIN:
  /// nothing has arrived. `with_ends`: the socket is not connected. Precondition: free() > 0.
  int receive(int fd, bool with_ends);
  [[nodiscard]] std::size_t free() const { return kSlots - used_; }
  [[nodiscard]] std::size_t used() const { return used_; }
  void clear() { used_ = 0; }

  [[nodiscard]] const Arrival& arrival(std::size_t slot) const { return arrivals_[slot]; }
  /// Valid only for slots filled by a receive with ends.
  [[nodiscard]] const DatagramEnds& ends(std::size_t slot) const { return ends_[slot]; }

 private:
  /// A slot holds what UDP_GRO may return. The size is no power of two; otherwise the slots would share few cache
  /// lines.
  static constexpr std::size_t kSlotSize = 65'536 + 192;
  static constexpr std::size_t kControl = 96;

  void make_ready(std::size_t slot);
  void take(std::size_t slot, bool with_ends);

  std::unique_ptr<std::byte[]> buffer_;  // untouched pages take no memory
  std::size_t used_ = 0;
  std::array<Arrival, kSlots> arrivals_;
  std::array<DatagramEnds, kSlots> ends_;
  std::array<mmsghdr, kSlots> headers_{};
  std::array<iovec, kSlots> parts_{};
  std::array<sockaddr_in6, kSlots> names_{};
  alignas(cmsghdr) std::array<std::array<std::byte, kControl>, kSlots> controls_{};
};

/// Messages for one socket to send. The caller owns their bytes, which must stay valid until they are sent.
class DatagramOutbox {
 public:
  static constexpr std::size_t kMessages = 64;
  static constexpr std::size_t kParts = 2 * DatagramInbox::kSlots;
  /// The most datagrams in one message: UDP_MAX_SEGMENTS of include/linux/udp.h before 6.9.
  static constexpr std::size_t kMostSegments = 64;

  [[nodiscard]] bool has_room(std::size_t parts) const { return count_ < kMessages && parts_used_ + parts <= kParts; }
  /// Adds a message. `to`: nullptr for a connected socket; otherwise the client to answer, from the address that it
  /// wrote to. `segment`: the size of each datagram if there are several (UDP_SEGMENT), 0 for one. Precondition:
  /// has_room(parts.size()).
  void add(const DatagramEnds* to, std::span<const iovec> parts, std::size_t segment);
  [[nodiscard]] std::size_t count() const { return count_; }
  void clear() { count_ = parts_used_ = 0; }

  /// Sends the messages from `first` on; never blocks. Returns the number sent, or the negative errno of the first one.
  /// The kernel drops the error of a later message (net/socket.c __sys_sendmmsg); if it persists, the next call reports
  /// it.
  int send(int fd, std::size_t first);
  /// Sends one datagram of a message of several. Returns 0 or the errno.
  int send_alone(int fd, std::size_t message, const iovec& datagram);
  [[nodiscard]] std::span<const iovec> parts(std::size_t message) const {
    return {headers_[message].msg_hdr.msg_iov, headers_[message].msg_hdr.msg_iovlen};
  }

 private:
  static constexpr std::size_t kControl = 64;

  std::size_t count_ = 0;
  std::size_t parts_used_ = 0;
  std::array<mmsghdr, kMessages> headers_{};
  std::array<iovec, kParts> parts_{};
  std::array<sockaddr_in6, kMessages> names_{};
  alignas(cmsghdr) std::array<std::array<std::byte, kControl>, kMessages> controls_{};
};

}  // namespace lastbyte::net
