#include "sock/socket/address.h"

#include <fmt/format.h>
#include <netdb.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "base/text.h"
#include "net/address/endpoint.h"
#include "sock/command/values.h"

namespace lastbyte::sock {
namespace {

bool wanted(Family family, const net::Address& address) {
  switch (family) {
    case Family::any: return true;
    case Family::v4: return address.family() == AF_INET;
    case Family::v6: return address.family() == AF_INET6;
  }
  return false;
}

Result<std::vector<SockAddress>> look_up(const Options& options, const std::string& host, std::uint16_t port) {
  if (options.numeric && !host.empty() && !net::Address::parse(host, port)) {
    return failure(in_quotes(host), 0, "not a numeric address, and -n forbids to look it up");
  }
  const auto addresses = net::resolve(host, port);
  if (!addresses) return Failure(addresses.error());
  std::vector<SockAddress> out;
  for (const auto& address : *addresses) {
    if (wanted(options.family, address)) out.emplace_back(address);
  }
  if (out.empty()) {
    return failure(in_quotes(host), 0,
                   options.family == Family::v4 ? "it has no IPv4 address" : "it has no IPv6 address");
  }
  return out;
}

}  // namespace

SockAddress::SockAddress(const net::Address& address) : size_(address.size()) {
  std::memcpy(&storage_, address.data(), address.size());
}

SockAddress SockAddress::for_path(const std::string& path) {
  SockAddress out;
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  auto size = offsetof(sockaddr_un, sun_path) + path.size();
  if (path.starts_with('@')) {
    name.sun_path[0] = '\0';  // abstract name: a leading 0, and the length counts (unix(7))
  } else {
    ++size;
  }
  std::memcpy(&out.storage_, &name, sizeof name);
  out.size_ = static_cast<socklen_t>(size);
  return out;
}

SockAddress SockAddress::from_kernel(const sockaddr_storage& address, socklen_t length) {
  SockAddress out;
  out.storage_ = address;
  out.size_ = length;
  return out;
}

SockAddress SockAddress::local_of(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  return from_kernel(address, length);
}

std::string SockAddress::text() const {
  if (none()) return "-";
  if (family() != AF_UNIX) return net::Address::from_kernel(data(), size_).text();
  const auto prefix = offsetof(sockaddr_un, sun_path);
  if (size_ <= prefix) return "(unnamed)";
  sockaddr_un name{};
  std::memcpy(&name, &storage_, sizeof name);
  if (name.sun_path[0] == '\0') return fmt::format("@{}", std::string_view(name.sun_path + 1, size_ - prefix - 1));
  return {name.sun_path, strnlen(name.sun_path, size_ - prefix)};
}

Result<std::uint16_t> find_port(const std::string& service, Transport transport) {
  if (service.empty()) return 0;
  if (is_numeric_port(service)) {
    const auto range = parse_ports(service);
    if (!range) return Failure(range.error());
    return range->first;
  }
  const char* protocol = transport == Transport::udp ? "udp" : "tcp";
  std::array<char, 1024> memory{};
  servent entry{};
  servent* found = nullptr;
  const int error = ::getservbyname_r(service.c_str(), protocol, &entry, memory.data(), memory.size(), &found);
  if (error != 0 || found == nullptr) {
    return failure(in_quotes(service), 0, std::string("no such ") + protocol + " service in /etc/services");
  }
  return ntohs(static_cast<std::uint16_t>(found->s_port));
}

Result<std::vector<SockAddress>> find_hosts(const Options& options, std::uint16_t port) {
  return look_up(options, options.host, port);
}

Result<std::vector<SockAddress>> find_peers(const Options& options) {
  if (options.transport == Transport::unix_stream) return std::vector{SockAddress::for_path(options.path)};
  const auto port = find_port(options.service, options.transport);
  if (!port) return Failure(port.error());
  return look_up(options, options.host, *port);
}

Result<SockAddress> find_local(const Options& options, const SockAddress& peer) {
  if (options.local_host.empty() && options.local_service.empty()) return SockAddress{};
  if (peer.family() == AF_UNIX) return SockAddress::for_path(options.local_host);
  const auto port = find_port(options.local_service, options.transport);
  if (!port) return Failure(port.error());
  Options same_family = options;
  same_family.family = peer.family() == AF_INET6 ? Family::v6 : Family::v4;
  const auto found = look_up(same_family, options.local_host, *port);
  if (!found) return Failure(found.error());
  return found->front();
}

}  // namespace lastbyte::sock
