// Access control: client.allow and client.deny, by the peer's address or by the address in its PROXY header.
#include <gtest/gtest.h>

#include "tests/harness/greeting.h"

namespace lastbyte::system_test {
namespace {

using net::proxy_protocol::Version;

class AccessList : public Greeted {
 protected:
  [[nodiscard]] bool is_told(const std::string& text) {
    return eventually([&] { return proxy_->process().err().find(text) != std::string::npos; });
  }
};

TEST_F(AccessList, resets_who_is_denied_and_tells_the_operator) {
  start({"--client-deny", "127.0.0.0/8"});
  EXPECT_EQ(all_of(knock()), "RESET");
  EXPECT_TRUE(is_told("denied 127.0.0.1:"));
  EXPECT_TRUE(is_told("client.deny names it"));
  EXPECT_TRUE(upstream_untouched());
  EXPECT_TRUE(proxy_->records_so_far().empty()) << "no session began";
}

TEST_F(AccessList, resets_who_is_not_allowed) {
  start({"--client-allow", "192.0.2.0/24,2001:db8::/32"});
  EXPECT_EQ(all_of(knock()), "RESET");
  EXPECT_TRUE(is_told("client.allow does not name it"));
  EXPECT_TRUE(upstream_untouched());
}

TEST_F(AccessList, lets_in_who_is_allowed) {
  start({"--client-allow", "127.0.0.1"});
  const Descriptor client = this->client();
  send_fin(client);
  expect_served(client, "");
}

TEST_F(AccessList, a_crowd_that_is_denied_is_told_once) {
  start({"--client-deny", "127.0.0.1"});
  for (int i = 0; i < 50; ++i) EXPECT_EQ(all_of(knock()), "RESET");
  const std::string err = proxy_->process().err();
  EXPECT_EQ(err.find("denied "), err.rfind("denied ")) << err;
}

TEST_F(AccessList, goes_by_the_address_that_a_header_tells) {
  start({"--client-proxy-protocol", "required", "--client-deny", "192.0.2.7"});
  const Descriptor denied = client();
  ASSERT_TRUE(net::test::send_all(denied, header_bytes(Version::v2, "192.0.2.7", 1, "192.0.2.1", 2) + "data"));
  const Record record = expect_rejected(denied, "client.deny names it");
  EXPECT_EQ(record.client.address, "192.0.2.7:1") << record.line;
  EXPECT_TRUE(is_told("denied 192.0.2.7:1"));
  const Descriptor granted = client();
  ASSERT_TRUE(net::test::send_all(granted, header_bytes(Version::v2, "192.0.2.8", 1, "192.0.2.1", 2) + "data"));
  send_fin(granted);
  expect_served(granted, "data");
}

TEST_F(AccessList, does_not_go_by_the_peer_that_tells_a_header) {
  start({"--client-proxy-protocol", "required", "--client-allow", "192.0.2.0/24"});
  const Descriptor client = this->client();
  ASSERT_TRUE(net::test::send_all(client, header_bytes(Version::v1, "192.0.2.7", 1, "192.0.2.1", 2) + "data"));
  send_fin(client);
  expect_served(client, "data");
}

TEST_F(AccessList, goes_by_the_peer_where_it_tells_nothing) {
  start({"--client-proxy-protocol", "optional", "--client-deny", "127.0.0.1"});
  const Descriptor client = this->client();
  ASSERT_TRUE(net::test::send_all(client, "plain data"));
  expect_rejected(client, "client.deny names it");
}

}  // namespace
}  // namespace lastbyte::system_test
