#include "net/address/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_set>

namespace lastbyte::net {
namespace {

Address v4(const char* ip, std::uint16_t port = 80) { return *Address::parse(ip, port); }

// Every session holds two. A UNIX name, which is 110 bytes long, is shared.
TEST(Address, is_the_kernels_own_and_one_shared_name) {
  EXPECT_LE(sizeof(Address), sizeof(sockaddr_in6) + sizeof(std::shared_ptr<int>) + alignof(std::shared_ptr<int>));
}

TEST(Address, default_is_none) {
  const Address address;
  EXPECT_TRUE(address.none());
  EXPECT_EQ(address.text(), "-");
  EXPECT_EQ(address.ip_text(), "-");
  EXPECT_EQ(address.port(), 0);
  EXPECT_EQ(address.size(), 0U);
  EXPECT_FALSE(address.is_wildcard());
  EXPECT_EQ(address, Address{});
}

TEST(Address, reads_and_writes_ipv4) {
  const auto address = Address::parse("127.0.0.1", 80);
  ASSERT_TRUE(address);
  EXPECT_EQ(address->family(), AF_INET);
  EXPECT_EQ(address->port(), 80);
  EXPECT_EQ(address->size(), sizeof(sockaddr_in));
  EXPECT_EQ(address->text(), "127.0.0.1:80");
  EXPECT_EQ(address->ip_text(), "127.0.0.1");
}

TEST(Address, reads_and_writes_ipv6) {
  const auto address = Address::parse("2001:DB8:0:0:0:0:0:1", 65535);
  ASSERT_TRUE(address);
  EXPECT_EQ(address->family(), AF_INET6);
  EXPECT_EQ(address->port(), 65535);
  EXPECT_EQ(address->size(), sizeof(sockaddr_in6));
  EXPECT_EQ(address->text(), "[2001:db8::1]:65535");
  EXPECT_EQ(address->ip_text(), "2001:db8::1");
}

TEST(Address, keeps_the_scope_of_a_link_local_address) {
  const unsigned lo = if_nametoindex("lo");
  const auto by_name = Address::parse("fe80::1%lo", 1);
  ASSERT_TRUE(by_name);
  EXPECT_EQ(by_name->ip_text(), "fe80::1%" + std::to_string(lo));
  EXPECT_EQ(Address::parse(by_name->ip_text(), 1), by_name);
  EXPECT_NE(*by_name, *Address::parse("fe80::1", 1));
  EXPECT_FALSE(Address::parse("fe80::1%no-such-interface", 1));
  EXPECT_FALSE(Address::parse("fe80::1%", 1));
}

TEST(Address, refuses_what_is_not_a_numeric_address) {
  using namespace std::string_view_literals;
  for (const auto text : {""sv, "localhost"sv, "1.2.3"sv, "1.2.3.4.5"sv, "256.1.1.1"sv, "127.1"sv, "0x7f.0.0.1"sv,
                          "[::1]"sv, ":::"sv, "1::2::3"sv, "::1 "sv, " 1.2.3.4"sv, "1.2.3.4\0"sv, "::1\0x"sv}) {
    EXPECT_FALSE(Address::parse(text, 1)) << '"' << text << '"';
  }
}

TEST(Address, comes_from_the_kernels_form) {
  sockaddr_storage storage{};
  const Address six = *Address::parse("::1", 443);
  std::memcpy(&storage, six.data(), six.size());
  EXPECT_EQ(Address::from_kernel(reinterpret_cast<sockaddr*>(&storage), sizeof storage), six);
  EXPECT_EQ(Address::from_kernel(reinterpret_cast<sockaddr*>(&storage), sizeof(sockaddr_in6)), six);
}

TEST(Address, is_none_for_other_families_and_short_lengths) {
  sockaddr_storage storage{};
  storage.ss_family = AF_NETLINK;
  EXPECT_TRUE(Address::from_kernel(reinterpret_cast<sockaddr*>(&storage), sizeof storage).none());
  storage.ss_family = AF_UNIX;
  EXPECT_TRUE(Address::from_kernel(reinterpret_cast<sockaddr*>(&storage), sizeof storage).none())
      << "longer than any UNIX name";
  storage.ss_family = AF_INET6;
  EXPECT_TRUE(Address::from_kernel(reinterpret_cast<sockaddr*>(&storage), sizeof(sockaddr_in)).none());
  storage.ss_family = AF_INET;
  EXPECT_TRUE(Address::from_kernel(reinterpret_cast<sockaddr*>(&storage), 0).none());
  EXPECT_TRUE(Address::from_kernel(nullptr, sizeof storage).none());
}

TEST(Address, knows_the_wildcards) {
  EXPECT_TRUE(v4("0.0.0.0").is_wildcard());
  EXPECT_TRUE(v4("::").is_wildcard());
  EXPECT_FALSE(v4("127.0.0.1").is_wildcard());
  EXPECT_FALSE(v4("::1").is_wildcard());
}

TEST(Address, knows_the_loopback_addresses) {
  EXPECT_TRUE(v4("127.0.0.1").is_loopback());
  EXPECT_TRUE(v4("127.255.0.3").is_loopback());
  EXPECT_TRUE(v4("::1").is_loopback());
  EXPECT_FALSE(v4("128.0.0.1").is_loopback());
  EXPECT_FALSE(v4("0.0.0.0").is_loopback());
  EXPECT_FALSE(v4("::").is_loopback());
  EXPECT_FALSE(Address{}.is_loopback());
}

TEST(Address, compares_address_and_port) {
  EXPECT_EQ(v4("10.0.0.1", 1), v4("10.0.0.1", 1));
  EXPECT_NE(v4("10.0.0.1", 1), v4("10.0.0.1", 2));
  EXPECT_NE(v4("10.0.0.1", 1), v4("10.0.0.2", 1));
  EXPECT_NE(v4("::ffff:10.0.0.1", 1), v4("10.0.0.1", 1));
  EXPECT_NE(v4("10.0.0.1", 0), Address{});
}

TEST(Address, without_port_is_what_one_client_means) {
  EXPECT_EQ(v4("10.0.0.1", 1).without_port(), v4("10.0.0.1", 2).without_port());
  EXPECT_EQ(v4("::1", 7).without_port().port(), 0);
  EXPECT_TRUE(Address{}.without_port().none());
  Address none;
  none.set_port(5);
  EXPECT_TRUE(none.none());
}

TEST(Address, hashes_what_it_compares) {
  std::unordered_set<Address, AddressHash> set{v4("10.0.0.1", 1), v4("10.0.0.1", 2), v4("::1", 1), Address{}};
  EXPECT_EQ(set.size(), 4U);
  EXPECT_TRUE(set.contains(v4("10.0.0.1", 2)));
  EXPECT_FALSE(set.contains(v4("10.0.0.1", 3)));

  sockaddr_in6 raw{};
  std::memcpy(&raw, v4("::1", 1).data(), sizeof raw);
  raw.sin6_flowinfo = 7;  // not part of who it is
  EXPECT_TRUE(set.contains(Address(raw)));
}

Address named(std::string_view name) {
  const auto address = Address::unix_name(name);
  EXPECT_TRUE(address) << name;
  return address.value_or(Address{});
}

/// What the kernel says of a socket that was bound to `name`; "" binds none.
Address told_by_the_kernel(const Address& name) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (!name.unix_name().empty()) {
    EXPECT_EQ(::bind(fd, name.data(), name.size()), 0) << std::strerror(errno);
  }
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length), 0);
  ::close(fd);
  return Address::from_kernel(reinterpret_cast<sockaddr*>(&storage), length);
}

TEST(UnixAddress, is_a_path_an_abstract_name_or_nothing) {
  for (const std::string name : {"/run/x.sock", "@name", ""}) {
    const Address address = named(name);
    EXPECT_TRUE(address.is_unix());
    EXPECT_FALSE(address.none());
    EXPECT_EQ(address.family(), AF_UNIX);
    EXPECT_EQ(address.data()->sa_family, AF_UNIX);
    EXPECT_EQ(address.unix_name(), name);
    EXPECT_EQ(address.text(), "unix:" + name);
    EXPECT_EQ(address.ip_text(), "-");
    EXPECT_EQ(address.port(), 0);
    EXPECT_FALSE(address.is_wildcard());
    EXPECT_EQ(address.without_port(), address);
  }
  EXPECT_EQ(named("").size(), sizeof(sa_family_t)) << "as unix(7) has a socket without a name";
  EXPECT_EQ(named("@name").size(), offsetof(sockaddr_un, sun_path) + 5) << "no zero at an abstract name's end";
}

TEST(UnixAddress, takes_107_bytes_and_no_more) {
  EXPECT_EQ(named("/" + std::string(106, 'a')).unix_name().size(), 107U);
  EXPECT_EQ(named("@" + std::string(106, 'a')).unix_name().size(), 107U);
  EXPECT_FALSE(Address::unix_name("/" + std::string(107, 'a')));
  EXPECT_FALSE(Address::unix_name("@" + std::string(107, 'a')));
}

TEST(UnixAddress, refuses_what_is_no_name) {
  using namespace std::string_view_literals;
  for (const auto text : {"x.sock"sv, "./x"sv, "@"sv, "/a\0b"sv, "@a\0b"sv})
    EXPECT_FALSE(Address::unix_name(text)) << text;
}

TEST(UnixAddress, comes_back_from_the_kernel_as_it_went_in) {
  const std::string path = testing::TempDir() + "lastbyte-address-" + std::to_string(::getpid());
  for (const std::string& name : {path, "@" + path, std::string()}) {
    EXPECT_EQ(told_by_the_kernel(named(name)), named(name)) << name;
  }
  ::unlink(path.c_str());
  // The longest path fills sun_path, and the kernel counts one byte more for its zero (unix(7), BUGS).
  const std::string longest =
      "/tmp/" + std::string(107 - 5 - std::to_string(::getpid()).size(), 'a') + std::to_string(::getpid());
  EXPECT_EQ(told_by_the_kernel(named(longest)).unix_name(), longest);
  ::unlink(longest.c_str());
}

TEST(UnixAddress, of_another_program_may_fill_the_field_to_its_last_byte) {
  sockaddr_un full{};
  full.sun_family = AF_UNIX;
  std::memset(full.sun_path, 'a', sizeof full.sun_path);
  full.sun_path[0] = '\0';
  EXPECT_EQ(Address::from_kernel(reinterpret_cast<const sockaddr*>(&full), sizeof full).unix_name(),
            "@" + std::string(107, 'a'));

  // A path of 108 bytes has no room for a zero; the kernel adds one and tells a length beyond the structure's end.
  const std::string pid = std::to_string(::getpid());
  const std::string path = "/tmp/" + std::string(sizeof full.sun_path - 5 - pid.size(), 'b') + pid;
  std::memcpy(full.sun_path, path.data(), sizeof full.sun_path);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&full), sizeof full), 0) << std::strerror(errno);
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length), 0);
  ::close(fd);
  ::unlink(path.c_str());
  EXPECT_EQ(length, sizeof(sockaddr_un) + 1);
  const Address address = Address::from_kernel(reinterpret_cast<const sockaddr*>(&storage), length);
  EXPECT_EQ(address.unix_name(), path);
  EXPECT_EQ(address.size(), sizeof(sockaddr_un)) << "no more than connect(2) takes";
}

TEST(UnixAddress, any_bytes_of_another_program_are_shown_as_text) {
  sockaddr_un raw{};
  raw.sun_family = AF_UNIX;
  std::memcpy(raw.sun_path, "\0a\0\x1b[2J\n", 8);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 8);
  const Address address = Address::from_kernel(reinterpret_cast<const sockaddr*>(&raw), length);
  EXPECT_EQ(address.text(), "unix:@a\\x00\\x1b[2J\\x0a");
  EXPECT_EQ(address.size(), length) << "connecting to it needs each byte";
}

TEST(UnixAddress, compares_and_hashes_by_its_name) {
  EXPECT_EQ(named("/a"), named("/a"));
  EXPECT_NE(named("/a"), named("@a"));
  EXPECT_NE(named("/a"), named("/b"));
  EXPECT_NE(named(""), Address{});
  EXPECT_NE(named(""), v4("0.0.0.0", 0));
  const std::unordered_set<Address, AddressHash> set{named("/a"), named("@a"), named(""), v4("::1")};
  EXPECT_EQ(set.size(), 4U);
  EXPECT_TRUE(set.contains(named("@a")));
  EXPECT_FALSE(set.contains(named("@b")));
}

}  // namespace
}  // namespace lastbyte::net
