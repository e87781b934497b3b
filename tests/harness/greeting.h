// What the tests of the PROXY protocol share: clients that say bytes of our choice, and an upstream that tells what it
// got.
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

/// A header as the specification has it, from addresses as text: "10.0.0.1", "2001:db8::1".
std::string header_bytes(net::proxy_protocol::Version version, const std::string& source, std::uint16_t source_port,
                         const std::string& destination, std::uint16_t destination_port,
                         std::vector<net::proxy_protocol::Tlv> tlvs = {});

/// A client that may be reset as soon as it is there: nothing is looked at meanwhile.
Descriptor knock(const net::Address& at);
/// All that comes until the peer's FIN; "RESET" behind it where it ends so.
std::string all_of(const Descriptor& socket);
/// The next bytes, as many as that.
std::string next_of(const Descriptor& socket, std::size_t count);
void send_fin(const Descriptor& socket);
/// Until the peer's kernel has them.
void send_and_see_arrive(const Descriptor& socket, std::string_view bytes);

/// A listening upstream, and the daemon before it.
class Greeted : public ::testing::Test {
 protected:
  void start(const Flags& flags) {
    if (upstream_.get() < 0) upstream_ = net::test::listener();
    proxy_.emplace(net::local_address(upstream_.get()), flags);
  }
  [[nodiscard]] Descriptor client() const { return net::test::connect_to(proxy_->address()); }
  [[nodiscard]] Descriptor knock() const { return system_test::knock(proxy_->address()); }
  [[nodiscard]] Descriptor served() const { return net::test::accept_one(upstream_); }
  /// Nobody has come to the upstream, and nobody is on the way.
  [[nodiscard]] bool upstream_untouched() const;
  /// `client` is reset without the upstream's hearing of it, and the record says why.
  Record expect_rejected(const Descriptor& client, const std::string& why);
  /// A whole conversation: the upstream gets `said` and a FIN, the client gets an answer and a FIN.
  void expect_served(const Descriptor& client, const std::string& said);

  Descriptor upstream_;
  std::optional<Proxy> proxy_;
};

}  // namespace lastbyte::system_test
