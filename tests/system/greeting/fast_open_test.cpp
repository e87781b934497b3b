// TCP Fast Open on both sides: data in a SYN does not change how sessions begin (T3) and end (T4).
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "net/socket/calls.h"
#include "net/tcp/listen.h"
#include "tests/harness/greeting.h"

namespace lastbyte::system_test {
namespace {

/// Enables Fast Open both ways, with and without cookies (ip-sysctl: 1, 2, 4 and 0x200).
constexpr const char* kWithoutCookies = "519";

class FastOpen : public ::testing::Test {
 protected:
  static void run(const std::function<void()>& what) {
    if (!net::test::in_own_network("ipv4/tcp_fastopen", kWithoutCookies, what))
      GTEST_SKIP() << "needs a network namespace of its own";
  }
  static Descriptor open_listener(const char* ip, std::uint16_t port = 0) {
    net::ListenOptions options;
    options.fast_open = 16;
    auto listening = net::listen_tcp(*net::Address::parse(ip, port), options, 1);
    EXPECT_TRUE(listening) << listening.error().text();
    return listening ? std::move(listening->front()) : Descriptor();
  }
};

TEST_F(FastOpen, T3_the_request_and_its_fin_go_to_the_upstream_once) {
  run([] {
    const Descriptor upstream = open_listener("127.0.0.1");
    Proxy proxy(net::local_address(upstream.get()), {"--upstream-fast-open", "true", "--workers", "1"});
    const std::string large(300'000, 'x');
    for (const std::string& request : {std::string(), std::string("request"), large}) {
      const Descriptor client = net::test::connect_to(proxy.address());
      ASSERT_TRUE(net::test::send_all(client, request));
      send_fin(client);
      const Descriptor server = net::test::accept_one(upstream);
      EXPECT_TRUE(all_of(server) == request);
      ASSERT_TRUE(net::test::send_all(server, "answer"));
      send_fin(server);
      EXPECT_EQ(all_of(client), "answer");
    }
    for (const Record& record : proxy.records(3)) {
      EXPECT_TRUE(record.complete) << record.line;
      EXPECT_EQ(record.client.received, record.client.delivered) << record.line;
    }
    proxy.stop();
  });
}

TEST_F(FastOpen, T3_the_next_address_is_tried_with_the_same_bytes) {
  run([] {
    const Descriptor upstream = open_listener("127.0.0.1");
    const std::string port = std::to_string(net::local_address(upstream.get()).port());
    Proxy::Options options;
    // localhost is first ::1, where nobody listens.
    options.config = "forwardings:\n  - {listen: 'tcp:127.0.0.1:0', connect: 'tcp:localhost:" + port +
                     "', upstream: {fast-open: true}}\n";
    Proxy proxy(net::local_address(upstream.get()), options);
    const Descriptor client = net::test::connect_to(proxy.address());
    ASSERT_TRUE(net::test::send_all(client, "request"));
    send_fin(client);
    const Descriptor server = net::test::accept_one(upstream);
    EXPECT_EQ(all_of(server), "request");
    send_fin(server);
    EXPECT_EQ(all_of(client), "");
    const Record record = proxy.record();
    EXPECT_TRUE(record.complete) << record.line;
    EXPECT_EQ(record.client.delivered, 7U) << record.line;
    proxy.stop();
  });
}

TEST_F(FastOpen, T3_nobody_there_is_unreachable_and_nothing_was_delivered) {
  run([] {
    net::Address nobody;
    {
      const Descriptor gone = open_listener("127.0.0.1");
      nobody = net::local_address(gone.get());
    }
    Proxy proxy(nobody, {"--upstream-fast-open", "true"});
    const Descriptor client = knock(proxy.address());
    // If the reset has already come, send() reports it, and nothing reports it again.
    const bool told = ::send(client.get(), "request", 7, MSG_NOSIGNAL) < 0;
    EXPECT_TRUE(told || all_of(client).ends_with("RESET"));
    const Record record = proxy.record();
    EXPECT_EQ(record.upstream.end, "unreachable") << record.line;
    EXPECT_EQ(record.client.delivered, 0U) << record.line;
    proxy.stop();
  });
}

TEST_F(FastOpen, T11_what_went_with_the_syn_of_a_client_that_reset_is_counted) {
  run([] {
    const Descriptor upstream = open_listener("127.0.0.1");
    Proxy proxy(net::local_address(upstream.get()), {"--upstream-fast-open", "true", "--workers", "1"});
    for (std::size_t session = 1; session <= 5; ++session) {
      proxy.process().signal(SIGSTOP);
      Descriptor client = net::test::connect_to(proxy.address());
      ASSERT_TRUE(net::test::send_all(client, "request"));
      net::reset_and_close(client);
      proxy.process().signal(SIGCONT);
      const Record record = proxy.records(session).back();
      EXPECT_EQ(all_of(net::test::accept_one(upstream)), "requestRESET");
      EXPECT_EQ(record.client.received, 7U) << record.line;
      EXPECT_EQ(record.client.delivered, 7U) << record.line;
    }
    proxy.stop();
  });
}

TEST_F(FastOpen, T4_a_client_that_opens_with_its_request_gets_the_answer) {
  run([] {
    const Descriptor upstream = open_listener("127.0.0.1");
    Proxy proxy(net::local_address(upstream.get()), {"--client-fast-open", "16"});
    const Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const net::Address to = proxy.address();
    ASSERT_EQ(::sendto(client.get(), "request", 7, MSG_FASTOPEN, to.data(), to.size()), 7);
    send_fin(client);
    const Descriptor server = net::test::accept_one(upstream);
    EXPECT_EQ(all_of(server), "request");
    ASSERT_TRUE(net::test::send_all(server, "answer"));
    send_fin(server);
    EXPECT_EQ(all_of(client), "answer");
    EXPECT_TRUE(proxy.record().complete);
    proxy.stop();
  });
}

}  // namespace
}  // namespace lastbyte::system_test
