#include "net/datagram/io.h"

#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace lastbyte::net {
namespace {

/// Convert the name and the control data of one message to and from the kernel's form.
socklen_t write_name(const DatagramEnds& ends, sockaddr_in6& name) {
  if (ends.family == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(ends.port);
    std::memcpy(&v4.sin_addr, ends.client.data(), sizeof v4.sin_addr);
    std::memcpy(&name, &v4, sizeof v4);
    return sizeof v4;
  }
  name = {};
  name.sin6_family = AF_INET6;
  name.sin6_port = htons(ends.port);
  name.sin6_scope_id = ends.client_scope;
  std::memcpy(&name.sin6_addr, ends.client.data(), sizeof name.sin6_addr);
  return sizeof name;
}

void read_name(const sockaddr_in6& name, DatagramEnds& ends) {
  ends.family = name.sin6_family;
  ends.port = ntohs(name.sin6_port);  // sin_port is at the same offset in both families
  if (name.sin6_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &name, sizeof v4);
    std::memcpy(ends.client.data(), &v4.sin_addr, sizeof v4.sin_addr);
  } else {
    std::memcpy(ends.client.data(), &name.sin6_addr, sizeof name.sin6_addr);
    ends.client_scope = name.sin6_scope_id;
  }
}

template <typename T>
T data_of(const cmsghdr* control) {
  T value{};
  std::memcpy(&value, CMSG_DATA(control), sizeof value);
  return value;
}

void read_local(const in_pktinfo& info, DatagramEnds& ends) {
  // ipi_addr may be a broadcast or multicast address, which is no valid source address (ip(7)).
  std::memcpy(ends.local.data(), &info.ipi_spec_dst, sizeof info.ipi_spec_dst);
}

void read_local(const in6_pktinfo& info, DatagramEnds& ends) {
  if (IN6_IS_ADDR_MULTICAST(&info.ipi6_addr)) return;
  std::memcpy(ends.local.data(), &info.ipi6_addr, sizeof info.ipi6_addr);
  if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) ends.local_interface = static_cast<std::uint32_t>(info.ipi6_ifindex);
}

/// Writes consecutive control messages. The caller guarantees enough room.
class ControlWriter {
 public:
  explicit ControlWriter(std::byte* room) : room_(room) {}

  template <typename T>
  void add(int level, int type, const T& value) {
    cmsghdr header{};
    header.cmsg_len = CMSG_LEN(sizeof value);
    header.cmsg_level = level;
    header.cmsg_type = type;
    std::memcpy(room_ + size_, &header, sizeof header);
    std::memcpy(room_ + size_ + CMSG_LEN(0), &value, sizeof value);
    size_ += CMSG_SPACE(sizeof value);
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::byte* room_;
  std::size_t size_ = 0;
};

void write_local(ControlWriter& control, const DatagramEnds& ends) {
  if (!ends.has_local()) return;
  if (ends.family == AF_INET) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, ends.local.data(), sizeof info.ipi_spec_dst);
    control.add(IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, ends.local.data(), sizeof info.ipi6_addr);
    info.ipi6_ifindex = ends.local_interface;
    control.add(IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

}  // namespace

Address DatagramEnds::client_address() const {
  sockaddr_in6 name{};
  const socklen_t length = write_name(*this, name);
  return Address::from_kernel(reinterpret_cast<const sockaddr*>(&name), length);
}

DatagramInbox::DatagramInbox() : buffer_(std::make_unique_for_overwrite<std::byte[]>(kSlots * kSlotSize)) {
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    parts_[slot] = {.iov_base = buffer_.get() + slot * kSlotSize, .iov_len = kSlotSize};
    msghdr& header = headers_[slot].msg_hdr;
    header.msg_iov = &parts_[slot];
    header.msg_iovlen = 1;
    header.msg_name = &names_[slot];
    header.msg_control = controls_[slot].data();
    make_ready(slot);
  }
}

/// Resets only the fields that a receive overwrites: most receives fill few slots.
void DatagramInbox::make_ready(std::size_t slot) {
  headers_[slot].msg_hdr.msg_namelen = sizeof names_[slot];
  headers_[slot].msg_hdr.msg_controllen = kControl;
}

void DatagramInbox::take(std::size_t slot, bool with_ends) {
  const mmsghdr& header = headers_[slot];
  Arrival& arrival = arrivals_[slot];
  arrival.bytes = {buffer_.get() + slot * kSlotSize, header.msg_len};
  arrival.segment = header.msg_len;
  DatagramEnds& ends = ends_[slot];
  if (with_ends) {
    ends = {};
    read_name(names_[slot], ends);
  }
  msghdr& control = headers_[slot].msg_hdr;
  for (cmsghdr* each = CMSG_FIRSTHDR(&control); each != nullptr; each = CMSG_NXTHDR(&control, each)) {
    if (each->cmsg_level == IPPROTO_UDP && each->cmsg_type == UDP_GRO) {
      const int segment = data_of<int>(each);
      if (segment > 0) arrival.segment = std::min<std::size_t>(arrival.segment, static_cast<std::size_t>(segment));
    } else if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_PKTINFO && ends.family == AF_INET) {
      read_local(data_of<in_pktinfo>(each), ends);
    } else if (each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_PKTINFO) {
      read_local(data_of<in6_pktinfo>(each), ends);
    }
  }
  make_ready(slot);
}

int DatagramInbox::receive(int fd, bool with_ends) {
  const std::size_t first = used_;
  const int count = ::recvmmsg(fd, &headers_[first], static_cast<unsigned>(kSlots - first), MSG_DONTWAIT, nullptr);
  if (count < 0) return -errno;
  used_ += static_cast<std::size_t>(count);
  for (std::size_t slot = first; slot < used_; ++slot) take(slot, with_ends);
  return count;
}

void DatagramOutbox::add(const DatagramEnds* to, std::span<const iovec> parts, std::size_t segment) {
  msghdr& header = headers_[count_].msg_hdr;
  header = {};
  std::ranges::copy(parts, parts_.begin() + static_cast<std::ptrdiff_t>(parts_used_));
  header.msg_iov = &parts_[parts_used_];
  header.msg_iovlen = parts.size();
  parts_used_ += parts.size();
  ControlWriter control(controls_[count_].data());
  if (to != nullptr) {
    header.msg_name = &names_[count_];
    header.msg_namelen = write_name(*to, names_[count_]);
    write_local(control, *to);
  }
  if (segment != 0) control.add(IPPROTO_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(segment));
  header.msg_control = control.size() == 0 ? nullptr : controls_[count_].data();
  header.msg_controllen = control.size();
  ++count_;
}

int DatagramOutbox::send(int fd, std::size_t first) {
  const auto count = static_cast<unsigned>(count_ - first);
  const int sent = ::sendmmsg(fd, &headers_[first], count, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? -errno : sent;
}

int DatagramOutbox::send_alone(int fd, std::size_t message, const iovec& datagram) {
  iovec part = datagram;
  msghdr alone = headers_[message].msg_hdr;
  alone.msg_iov = &part;
  alone.msg_iovlen = 1;
  alone.msg_controllen -= CMSG_SPACE(sizeof(std::uint16_t));  // without UDP_SEGMENT, which was written last
  if (alone.msg_controllen == 0) alone.msg_control = nullptr;
  return ::sendmsg(fd, &alone, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

}  // namespace lastbyte::net
