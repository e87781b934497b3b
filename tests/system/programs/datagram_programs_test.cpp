// UDP through the proxy between common programs: dig, dnsmasq and socat.
#include <gtest/gtest.h>

#include "tests/harness/datagrams.h"
#include "tests/harness/program_server.h"

namespace lastbyte::system_test {
namespace {

class DatagramPrograms : public NeedsPrograms {
 protected:
  DatagramPrograms() : NeedsPrograms({"dig", "dnsmasq", "socat"}) {}
};

std::string dig(const net::Address& at, const std::string& name) {
  return output_of(
      {.arguments = {"dig", "@" + at.ip_text(), "-p", std::to_string(at.port()), "+short", "+notcp", name}});
}

TEST_F(DatagramPrograms, dig_is_answered_by_dnsmasq) {
  // It also listens on TCP, which shows that it is ready.
  const ProgramServer server([](std::uint16_t port) {
    return Command{.arguments = {"dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", "--conf-file=/dev/null",
                                 "--bind-interfaces", "--listen-address=127.0.0.1", "--port=" + std::to_string(port),
                                 "--address=/example.test/192.0.2.55", "--pid-file", "--user=root"}};
  });
  Proxy proxy(server.address(), udp_options({udp_forwarding(*net::Address::parse("0.0.0.0", 0), server.address())}));
  for (const char* ip : {"127.0.0.1", "127.0.0.53"}) {
    const net::Address at = *net::Address::parse(ip, proxy.address().port());
    EXPECT_EQ(dig(at, "example.test"), "192.0.2.55\n");
  }
  for (const DatagramRecord& record : datagram_records(proxy, 2)) EXPECT_EQ(record.end, "idle") << record.line;
}

TEST_F(DatagramPrograms, socat_sends_and_gets_back) {
  const UdpServer server;
  Proxy proxy(server.address(), udp_options({udp_forwarding(*net::Address::parse("127.0.0.1", 0), server.address())}));
  const std::string input = payload(1400);
  const std::string came =
      output_of({.arguments = {"socat", "-t1", "-", "UDP:" + proxy.address().text()}, .input = input});
  EXPECT_TRUE(same_bytes(came, input));
  datagram_records(proxy, 1);
}

}  // namespace
}  // namespace lastbyte::system_test
