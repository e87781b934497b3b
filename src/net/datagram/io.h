// Many datagrams in one system call, both ways. Nothing is allocated a datagram: both boxes are made once for a worker.
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

/// What UDP carries at most over IPv4 (65,535 less the headers). The kernel takes 20 more over IPv6; nobody sends them.
inline constexpr std::size_t kLargestDatagram = 65'507;

/// The sender and the local address of a datagram, in a fixed form without padding that is quick to hash and compare.
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

/// The content of one slot: one datagram, or several that came together (UDP_GRO).
struct Arrival {
  std::span<std::byte> bytes;
  std::size_t segment = 0;  ///< each datagram's size, but that the last may be shorter; bytes.size() where there is one
};

/// Slots that datagrams are received into, one behind the other, until they are cleared.
class DatagramInbox {
 public:
  static constexpr std::size_t kSlots = 64;

  DatagramInbox();
  DatagramInbox(const DatagramInbox&) = delete;
  DatagramInbox& operator=(const DatagramInbox&) = delete;

  /// Receives into the free slots; never blocks. The number of slots filled, or the negative errno; -EAGAIN: nothing is
  /// there. `with_ends`: the socket is not connected. Precondition: free() > 0.
  int receive(int fd, bool with_ends);
  [[nodiscard]] std::size_t free() const { return kSlots - used_; }
  [[nodiscard]] std::size_t used() const { return used_; }
  void clear() { used_ = 0; }

  [[nodiscard]] const Arrival& arrival(std::size_t slot) const { return arrivals_[slot]; }
  /// Slots that were filled by a receive without ends have none.
  [[nodiscard]] const DatagramEnds& ends(std::size_t slot) const { return ends_[slot]; }

 private:
  /// As UDP_GRO may fill them. Not a power of two apart, or their beginnings would share few lines of the cache.
  static constexpr std::size_t kSlotSize = 65'536 + 192;
  static constexpr std::size_t kControl = 96;

  void make_ready(std::size_t slot);
  void take(std::size_t slot, bool with_ends);

  std::unique_ptr<std::byte[]> buffer_;  // memory that is not touched is not there
  std::size_t used_ = 0;
  std::array<Arrival, kSlots> arrivals_;
  std::array<DatagramEnds, kSlots> ends_;
  std::array<mmsghdr, kSlots> headers_{};
  std::array<iovec, kSlots> parts_{};
  std::array<sockaddr_in6, kSlots> names_{};
  alignas(cmsghdr) std::array<std::array<std::byte, kControl>, kSlots> controls_{};
};

/// Messages that one socket is to send. Their bytes stay the caller's until they are sent.
class DatagramOutbox {
 public:
  static constexpr std::size_t kMessages = 64;
  static constexpr std::size_t kParts = 2 * DatagramInbox::kSlots;
  /// How many datagrams one message may carry: UDP_MAX_SEGMENTS of include/linux/udp.h, until 6.9.
  static constexpr std::size_t kMostSegments = 64;

  [[nodiscard]] bool has_room(std::size_t parts) const { return count_ < kMessages && parts_used_ + parts <= kParts; }
  /// `to`: nullptr for a connected socket, else whom to answer, from the address that it wrote to. `segment`: the size
  /// of each datagram where there are several (UDP_SEGMENT), 0 for one. Precondition: has_room(parts.size()).
  void add(const DatagramEnds* to, std::span<const iovec> parts, std::size_t segment);
  [[nodiscard]] std::size_t count() const { return count_; }
  void clear() { count_ = parts_used_ = 0; }

  /// Sends from message `first` on; never blocks. The number sent, or the negative errno of the first. The kernel
  /// swallows the error of a later one (net/socket.c __sys_sendmmsg): the next call meets it, if it lasts.
  int send(int fd, std::size_t first);
  /// Of a message of several datagrams, sends one alone. 0, or the errno.
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
