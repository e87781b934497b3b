// Shared by the tests of the PROXY protocol: clients that send chosen bytes, and an upstream that reports what it
// received.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "net/proxy_protocol/header.h"
#include "net/socket/calls.h"
#include "tests/harness/loopback.h"
#include "tests/harness/proxy.h"

namespace lastbyte::system_test {

/// Returns a header as in the specification, from addresses as text: "10.0.0.1", "2001:db8::1".
std::string header_bytes(net::proxy_protocol::Version version, const std::string& source, std::uint16_t source_port,
                         const std::string& destination, std::uint16_t destination_port,
                         std::vector<net::proxy_protocol::Tlv> tlvs = {});

/// Connects a client that may be reset at once. Checks nothing.
Descriptor knock(const net::Address& at);
/// Returns all bytes up to the peer's FIN; with "RESET" appended if a reset ends them.
std::string all_of(const Descriptor& socket);
/// Returns the next `count` bytes.
std::string next_of(const Descriptor& socket, std::size_t count);
void send_fin(const Descriptor& socket);
/// Sends, and waits until the peer's kernel has the bytes.
void send_and_see_arrive(const Descriptor& socket, std::string_view bytes);

/// A listening upstream with the daemon in front of it.
class Greeted : public ::testing::Test {
 protected:
  void start(const Flags& flags) {
    if (upstream_.get() < 0) upstream_ = net::test::listener();
    proxy_.emplace(net::local_address(upstream_.get()), flags);
  }
  [[nodiscard]] Descriptor client() const { return net::test::connect_to(proxy_->address()); }
  [[nodiscard]] Descriptor knock() const { return system_test::knock(proxy_->address()); }
  [[nodiscard]] Descriptor served() const { return net::test::accept_one(upstream_); }
  /// Whether no connection has reached the upstream, and none is under way.
  [[nodiscard]] bool upstream_untouched() const;
  /// Expects that `client` is reset, that the upstream sees no connection, and that the record says why.
  Record expect_rejected(const Descriptor& client, const std::string& why);
  /// Expects a whole conversation: the upstream receives `said` and a FIN, the client an answer and a FIN.
  void expect_served(const Descriptor& client, const std::string& said);

  Descriptor upstream_;
  std::optional<Proxy> proxy_;
};

}  // namespace lastbyte::system_test
