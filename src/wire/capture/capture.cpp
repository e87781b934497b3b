#include "wire/capture/capture.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <ctime>
#include <utility>

#include "net/namespace/enter.h"

namespace lastbyte::wire {
namespace {

constexpr std::size_t kLargest = 65536 + ETH_HLEN;
constexpr int kBuffer = 32 << 20;

Result<Descriptor> open_socket(const std::string& interface) {
  Descriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return failure_from_errno("socket(AF_PACKET)");
  // SO_RCVBUFFORCE needs CAP_NET_ADMIN in the host's user namespace. Without it, net.core.rmem_max limits the buffer.
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kBuffer, sizeof kBuffer) != 0)
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &kBuffer, sizeof kBuffer);
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return failure_from_errno("capture on " + interface);
  return socket;
}

Moment time_of(msghdr& message) {
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr; each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec time{};
    std::memcpy(&time, CMSG_DATA(each), sizeof time);
    return Moment(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
  }
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

}  // namespace

Result<Capture> Capture::start(int network, const std::string& interface) {
  Result<Descriptor> socket = failure("capture on " + interface, 0);
  const auto entered = net::run_inside(network, [&] { socket = open_socket(interface); });
  if (!entered) return Failure(entered.error());
  if (!socket) return Failure(socket.error());
  return Capture(std::move(*socket));
}

std::vector<Packet> Capture::drain() {
  std::vector<Packet> all;
  std::vector<std::byte> buffer(kLargest);
  while (true) {
    sockaddr_ll from{};
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) std::array<char, 128> control{};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(socket_.get(), &message, 0);
    if (got < 0) return all;
    // A capture on lo sees each packet twice: when it leaves and when it arrives.
    if (from.sll_hatype == ARPHRD_LOOPBACK && from.sll_pkttype == PACKET_OUTGOING) continue;
    all.push_back({time_of(message), {buffer.begin(), buffer.begin() + got}});
  }
}

std::uint64_t Capture::lost() {
  tpacket_stats counts{};
  socklen_t length = sizeof counts;
  // Reading the counters resets them.
  if (::getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &counts, &length) == 0) lost_ += counts.tp_drops;
  return lost_;
}

}  // namespace lastbyte::wire
