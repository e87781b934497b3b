// PROXY headers over UNIX sockets (T14): a proxy that sends them in front of one that requires them.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "net/socket/calls.h"
#include "tests/harness/ways.h"

namespace lastbyte::system_test {
namespace {

class UnixGreeting : public ::testing::TestWithParam<const char*> {
 protected:
  UnixGreeting()
      : server_(directory_),
        inner_(server_.address, Proxy::Options{.flags = {"--client-proxy-protocol", "required"},
                                               .listen = "unix:" + directory_.file("inner.sock")}) {}

  /// The server receives `said` and a FIN, the client an answer and a FIN. Returns the inner proxy's record.
  Record expect_served(const Descriptor& client, const std::string& said) {
    const Descriptor served = server_.accept();
    EXPECT_EQ(read_to_end(served).bytes, said);
    send_all(served, "answer");
    ::shutdown(served.get(), SHUT_WR);
    EXPECT_EQ(read_to_end(client).bytes, "answer");
    const Record record = inner_.record();
    EXPECT_TRUE(record.complete) << record.line;
    return record;
  }

  TemporaryDirectory directory_;
  UnixServer server_;
  Proxy inner_;
};

INSTANTIATE_TEST_SUITE_P(Version, UnixGreeting, ::testing::Values("v1", "v2"),
                         [](const auto& each) { return std::string(each.param); });

TEST_P(UnixGreeting, of_a_tcp_client_tells_its_address_and_is_nobodys_bytes) {
  Proxy outer(inner_.address(), {"--upstream-proxy-protocol", GetParam()});
  const Descriptor client = connect_to(outer.address());
  const std::string address = net::local_address(client.get()).text();
  send_all(client, "question");
  ::shutdown(client.get(), SHUT_WR);
  const Record record = expect_served(client, "question");
  EXPECT_EQ(record.client.address, address) << record.line;
  EXPECT_EQ(record.proxy_header, GetParam()) << record.line;
  EXPECT_EQ(record.client.received, 8U) << record.line;
  EXPECT_TRUE(outer.record().complete);
}

TEST_P(UnixGreeting, of_a_unix_client_has_no_address_to_tell) {
  Proxy outer(inner_.address(), Proxy::Options{.flags = {"--upstream-proxy-protocol", GetParam()},
                                               .listen = "unix:" + directory_.file("outer.sock")});
  const Descriptor client = connect_to(outer.address());
  ::shutdown(client.get(), SHUT_WR);
  const Record record = expect_served(client, "");
  EXPECT_EQ(record.proxy_header, GetParam()) << record.line;
  EXPECT_EQ(record.client.received, 0U) << record.line;
}

TEST_P(UnixGreeting, is_asked_for_here_too) {
  const Descriptor client = connect_to(inner_.address());
  send_all(client, "GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(read_to_end(client).end, "ECONNRESET");
  const Record record = inner_.record();
  EXPECT_EQ(record.client.end, "rejected") << record.line;
  EXPECT_NE(record.rejected.find("does not begin as a PROXY header does"), std::string::npos) << record.line;
}

}  // namespace
}  // namespace lastbyte::system_test
