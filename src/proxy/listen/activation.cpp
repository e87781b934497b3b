#include "proxy/listen/activation.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "net/socket/calls.h"
#include "net/socket/passing.h"
#include "net/unix/stream.h"

namespace lastbyte::proxy {
namespace {

/// The names that sd_listen_fds_with_names() allocates. The destructor frees them.
class Names {
 public:
  Names() = default;
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;
  ~Names() {
    for (char** name = list_; name != nullptr && *name != nullptr; ++name) std::free(*name);
    std::free(list_);
  }
  char*** place() { return &list_; }
  [[nodiscard]] std::string at(int index) const { return list_ == nullptr ? std::string() : std::string(list_[index]); }

 private:
  char** list_ = nullptr;
};

bool takes_ipv4_too(int fd) {
  int v6_only = 1;
  socklen_t length = sizeof v6_only;
  return ::getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, &length) == 0 && v6_only == 0;
}

int protocol_of(int fd) {
  int protocol = 0;
  socklen_t length = sizeof protocol;
  return ::getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 ? protocol : 0;
}

Result<PassedSocket> take(int fd, std::string name) {
  PassedSocket passed{std::make_shared<const Descriptor>(fd), std::move(name), net::local_address(fd)};
  const bool datagrams = ::sd_is_socket(fd, AF_UNSPEC, SOCK_DGRAM, -1) > 0 && passed.address.port() != 0;
  if (datagrams) passed.transport = net::Transport::udp;
  if (passed.address.is_unix()) passed.transport = net::Transport::unix_stream;
  if ((!datagrams && ::sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0) || passed.address.none()) {
    return failure(fmt::format("socket '{}' (descriptor {}) from the service manager", passed.name, fd), 0,
                   "it is neither a listening stream socket nor a bound UDP socket; expected ListenStream=, or "
                   "ListenDatagram= with a port, and Accept=no");
  }
  if (!datagrams && !passed.address.is_unix() && protocol_of(fd) != IPPROTO_TCP) {
    // MPTCP counts received bytes by subflow, so a FIN would look like a reset (T10).
    return failure(fmt::format("socket '{}' (descriptor {}) from the service manager", passed.name, fd), 0,
                   "it is not TCP; expected SocketProtocol= to be left out");
  }
  if (passed.address.is_unix()) net::refuse_ancillary(fd);
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
    return failure_from_errno("make socket '" + passed.name + "' non-blocking");
  passed.dual_stack = passed.address.family() == AF_INET6 && passed.address.is_wildcard() && takes_ipv4_too(fd);
  return passed;
}

std::optional<std::size_t> owner(const PassedSocket& passed, const std::vector<Wanted>& wanted) {
  const auto covered = [&](const Wanted& each) {
    return each.transport == passed.transport &&
           std::ranges::any_of(each.addresses, [&](const net::Address& at) { return covers(passed, at); });
  };
  const auto named = [&](const Wanted& each) { return each.transport == passed.transport && each.name == passed.name; };
  // All ports of a forwarding want the same name.
  auto found = std::ranges::find_if(wanted, [&](const Wanted& each) { return named(each) && covered(each); });
  if (found == wanted.end()) found = std::ranges::find_if(wanted, named);
  if (found == wanted.end()) found = std::ranges::find_if(wanted, covered);
  if (found == wanted.end()) return std::nullopt;
  return static_cast<std::size_t>(found - wanted.begin());
}

/// Returns the first addresses only: a forwarding may have a thousand ports.
std::string listed(const std::vector<Wanted>& wanted) {
  constexpr std::size_t most = 8;
  std::string out;
  std::size_t count = 0;
  for (const Wanted& each : wanted)
    for (const net::Address& address : each.addresses)
      if (count++ < most) out += (out.empty() ? "" : ", ") + address.text();
  return count <= most ? out : fmt::format("{}, or {} more", out, count - most);
}

}  // namespace

Result<std::vector<PassedSocket>> take_passed_sockets() {
  Names names;
  const int count = ::sd_listen_fds_with_names(1, names.place());
  if (count < 0) return failure("take the sockets of the service manager (LISTEN_FDS)", -count);
  std::vector<PassedSocket> all;
  for (int index = 0; index < count; ++index) {
    auto passed = take(SD_LISTEN_FDS_START + index, names.at(index));
    if (!passed) return Failure(passed.error());
    all.push_back(std::move(*passed));
  }
  return all;
}

bool covers(const PassedSocket& passed, const net::Address& address) {
  if (passed.address == address) return true;
  return passed.dual_stack && address.is_wildcard() && address.port() == passed.address.port();
}

Result<std::vector<std::size_t>> match(const std::vector<PassedSocket>& passed, const std::vector<Wanted>& wanted) {
  std::vector<std::size_t> owners;
  for (const PassedSocket& each : passed) {
    const auto found = owner(each, wanted);
    if (!found) {
      return failure(
          fmt::format("socket '{}' on {} from the service manager belongs to no forwarding", each.name,
                      each.address.text()),
          0, fmt::format("expected one on {}, or FileDescriptorName= with a forwarding's name", listed(wanted)));
    }
    owners.push_back(*found);
  }
  return owners;
}

}  // namespace lastbyte::proxy
