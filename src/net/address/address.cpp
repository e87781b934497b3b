#include "net/address/address.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <functional>

#include "base/text.h"

namespace lastbyte::net {
namespace {

/// The scope of a link-local IPv6 address, "eth0" or "2"; nullopt: no such interface.
std::optional<std::uint32_t> parse_scope(std::string_view scope) {
  std::uint32_t index = 0;
  const auto [end, error] = std::from_chars(scope.data(), scope.data() + scope.size(), index);
  if (error == std::errc{} && end == scope.data() + scope.size() && index != 0) return index;
  index = if_nametoindex(std::string(scope).c_str());
  if (index == 0) return std::nullopt;
  return index;
}

std::optional<Address> parse_v6(std::string_view ip, std::uint16_t port) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (const auto percent = ip.find('%'); percent != std::string_view::npos) {
    const auto scope = parse_scope(ip.substr(percent + 1));
    if (!scope) return std::nullopt;
    v6.sin6_scope_id = *scope;
    ip = ip.substr(0, percent);
  }
  if (inet_pton(AF_INET6, std::string(ip).c_str(), &v6.sin6_addr) != 1) return std::nullopt;
  return Address(v6);
}

}  // namespace

Address Address::from_kernel(const sockaddr* address, socklen_t length) {
  if (address == nullptr || length < sizeof(sa_family_t)) return {};
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return Address(v4);
  }
  if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    return Address(v6);
  }
  // For a path that fills sun_path, the kernel returns a length one byte longer than the structure (net/unix/af_unix.c
  // unix_mkname_bsd).
  if (address->sa_family == AF_UNIX && length <= sizeof(sockaddr_un) + 1) {
    length = std::min<socklen_t>(length, sizeof(sockaddr_un));
    auto name = std::make_shared<UnixName>();
    std::memcpy(&name->address, address, length);
    name->length = length;
    // The kernel counts a path's final zero if there is room for one (net/unix/af_unix.c unix_mkname_bsd).
    constexpr auto head = offsetof(sockaddr_un, sun_path);
    if (length > head && name->address.sun_path[0] != '\0')
      name->length = static_cast<socklen_t>(head + strnlen(name->address.sun_path, length - head));
    Address unix_address;
    unix_address.address_.any.sa_family = AF_UNIX;
    unix_address.unix_ = std::move(name);
    return unix_address;
  }
  return {};
}

std::optional<Address> Address::unix_name(std::string_view name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!name.empty() && name.front() != '/' && name.front() != '@') return std::nullopt;
  if (name.size() >= sizeof address.sun_path || name == "@") return std::nullopt;
  if (name.find('\0') != std::string_view::npos) return std::nullopt;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name.starts_with('@')) address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  return from_kernel(reinterpret_cast<const sockaddr*>(&address), length);
}

std::string_view Address::unix_view() const {
  if (unix_ == nullptr) return {};
  return {unix_->address.sun_path, unix_->length - offsetof(sockaddr_un, sun_path)};
}

std::string Address::unix_name() const {
  std::string name(unix_view());
  if (name.starts_with('\0')) name[0] = '@';
  return name;
}

const sockaddr* Address::data() const {
  return unix_ == nullptr ? &address_.any : reinterpret_cast<const sockaddr*>(&unix_->address);
}

std::optional<Address> Address::parse(std::string_view ip, std::uint16_t port) {
  // inet_pton() stops at the first zero byte and would accept "1.2.3.4\0junk".
  if (ip.find('\0') != std::string_view::npos) return std::nullopt;
  if (ip.find(':') != std::string_view::npos) return parse_v6(ip, port);
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  if (inet_pton(AF_INET, std::string(ip).c_str(), &v4.sin_addr) != 1) return std::nullopt;
  return Address(v4);
}

std::uint16_t Address::port() const {
  if (family() == AF_INET) return ntohs(address_.v4.sin_port);
  if (family() == AF_INET6) return ntohs(address_.v6.sin6_port);
  return 0;
}

void Address::set_port(std::uint16_t port) {
  if (family() == AF_INET) address_.v4.sin_port = htons(port);
  if (family() == AF_INET6) address_.v6.sin6_port = htons(port);
}

bool Address::is_wildcard() const {
  if (family() == AF_INET) return address_.v4.sin_addr.s_addr == htonl(INADDR_ANY);
  if (family() == AF_INET6) return std::memcmp(&address_.v6.sin6_addr, &in6addr_any, sizeof in6addr_any) == 0;
  return false;
}

bool Address::is_loopback() const {
  if (family() == AF_INET) return ntohl(address_.v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
  if (family() == AF_INET6) return std::memcmp(&address_.v6.sin6_addr, &in6addr_loopback, sizeof in6addr_loopback) == 0;
  return false;
}

socklen_t Address::size() const {
  if (family() == AF_INET) return sizeof(sockaddr_in);
  if (family() == AF_INET6) return sizeof(sockaddr_in6);
  return unix_ == nullptr ? 0 : unix_->length;
}

std::string Address::ip_text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &address_.v4.sin_addr, buffer.data(), buffer.size());
    return buffer.data();
  }
  if (family() == AF_INET6) {
    inet_ntop(AF_INET6, &address_.v6.sin6_addr, buffer.data(), buffer.size());
    std::string out = buffer.data();
    // Prints the number, not the interface's name: a name costs system calls, and parse() takes both.
    if (address_.v6.sin6_scope_id != 0) out += '%' + std::to_string(address_.v6.sin6_scope_id);
    return out;
  }
  return "-";
}

std::string Address::text() const {
  if (none()) return "-";
  if (is_unix()) return "unix:" + printable(unix_name());
  const std::string port_text = ':' + std::to_string(port());
  if (family() == AF_INET6) return '[' + ip_text() + ']' + port_text;
  return ip_text() + port_text;
}

Address Address::without_port() const {
  Address copy = *this;
  copy.set_port(0);
  return copy;
}

bool operator==(const Address& a, const Address& b) {
  if (a.family() != b.family() || a.port() != b.port()) return false;
  if (a.family() == AF_INET) return a.address_.v4.sin_addr.s_addr == b.address_.v4.sin_addr.s_addr;
  if (a.family() == AF_INET6) {
    return a.address_.v6.sin6_scope_id == b.address_.v6.sin6_scope_id &&
           std::memcmp(&a.address_.v6.sin6_addr, &b.address_.v6.sin6_addr, sizeof(in6_addr)) == 0;
  }
  return a.unix_view() == b.unix_view();
}

std::size_t AddressHash::operator()(const Address& address) const {
  if (address.is_unix()) return std::hash<std::string>{}(address.unix_name());
  // The bytes that operator== compares, in one fixed block.
  struct Key {
    std::array<std::uint8_t, 16> ip{};
    std::uint32_t scope = 0;
    std::uint16_t family = 0;
    std::uint16_t port = 0;
  } key;
  static_assert(sizeof(Key) == 24, "no padding: every byte is hashed");
  key.family = static_cast<std::uint16_t>(address.family());
  key.port = address.port();
  if (address.family() == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address.data(), sizeof v4);
    std::memcpy(key.ip.data(), &v4.sin_addr, sizeof v4.sin_addr);
  } else if (address.family() == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address.data(), sizeof v6);
    std::memcpy(key.ip.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
    key.scope = v6.sin6_scope_id;
  }
  std::array<char, sizeof(Key)> bytes{};
  std::memcpy(bytes.data(), &key, sizeof key);
  return std::hash<std::string_view>{}(std::string_view(bytes.data(), bytes.size()));
}

}  // namespace lastbyte::net
