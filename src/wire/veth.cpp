#include "wire/veth.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "net/namespace/enter.h"
#include "wire/interface.h"

namespace lastbyte::wire {
namespace {

/// A message of rtnetlink(7): a sequence of attributes, some of which contain other attributes.
class Message {
 public:
  explicit Message(std::uint16_t type, std::uint16_t flags) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = flags;
    put(&header, sizeof header);
    interface();
  }

  void interface() {
    const ifinfomsg none{};
    put(&none, sizeof none);
  }
  void add(std::uint16_t type, const void* data, std::size_t size) {
    const rtattr attribute{static_cast<unsigned short>(RTA_LENGTH(size)), type};
    put(&attribute, sizeof attribute);
    put(data, size);
  }
  void add(std::uint16_t type, std::string_view text) {
    const std::string terminated(text);
    add(type, terminated.c_str(), terminated.size() + 1);
  }
  /// Begins an attribute that contains others. Returns its position.
  std::size_t open(std::uint16_t type) {
    const std::size_t at = bytes_.size();
    const rtattr attribute{0, type};
    put(&attribute, sizeof attribute);
    return at;
  }
  void close(std::size_t at) {
    const auto length = static_cast<unsigned short>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &length, sizeof length);
  }

  /// Returns the errno of the kernel's answer; 0: success.
  int send_and_wait() {
    const Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    const auto length = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &length, sizeof length);
    if (::send(socket.get(), bytes_.data(), bytes_.size(), 0) < 0) return errno;
    std::array<char, 4096> answer{};
    if (::recv(socket.get(), answer.data(), answer.size(), 0) < 0) return errno;
    nlmsgerr error{};
    std::memcpy(&error, answer.data() + NLMSG_HDRLEN, sizeof error);
    return -error.error;
  }

 private:
  void put(const void* data, std::size_t size) {
    const auto* from = static_cast<const char*>(data);
    bytes_.insert(bytes_.end(), from, from + size);
    bytes_.resize((bytes_.size() + 3) / 4 * 4);
  }

  std::vector<char> bytes_;
};

/// Makes the pair in the calling thread's namespace.
Result<void> make_pair(const VethEnd& here, const VethEnd& there) {
  Message message(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
  message.add(IFLA_IFNAME, here.device);
  const std::size_t info = message.open(IFLA_LINKINFO);
  message.add(IFLA_INFO_KIND, "veth");
  const std::size_t data = message.open(IFLA_INFO_DATA);
  const std::size_t peer = message.open(VETH_INFO_PEER);
  message.interface();
  message.add(IFLA_IFNAME, there.device);
  message.add(IFLA_NET_NS_FD, &there.network, sizeof there.network);
  message.close(peer);
  message.close(data);
  message.close(info);
  const int error = message.send_and_wait();
  if (error != 0) return failure("make veth pair " + here.device, error);
  return set_up(here.device, {.own = here.address, .netmask = "255.255.255.0"});
}

}  // namespace

Result<void> join_by_veth(const VethEnd& one, const VethEnd& other) {
  Result<void> made;
  const auto entered = net::run_inside(one.network, [&] { made = make_pair(one, other); });
  if (!entered || !made) return entered ? made : entered;
  const auto there = net::run_inside(
      other.network, [&] { made = set_up(other.device, {.own = other.address, .netmask = "255.255.255.0"}); });
  return there ? made : there;
}

}  // namespace lastbyte::wire
