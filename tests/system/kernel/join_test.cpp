// The setting `trace`: a session's record tells which end reset each connection and why, and agrees with the tracer and
// with the segments on the wire.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kernel/watch/source.h"
#include "net/socket/calls.h"
#include "tests/harness/loopback.h"
#include "tests/harness/proxy.h"

namespace lastbyte::system_test {
namespace {

class TracedSession : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = kernel::open_source({}, kernel::Level::typed);
    if (!opened) GTEST_SKIP() << opened.error().text();
    tracer_ = std::move(opened->source);
    listening_ = net::test::listener();
  }

  /// A session through `proxy`, with a byte passed in each direction.
  net::test::Pair through(Proxy& proxy) {
    net::test::Pair pair;
    pair.client = net::test::connect_to(proxy.address());
    pair.server = net::test::accept_one(listening_);
    EXPECT_TRUE(net::test::send_all(pair.client, "q"));
    EXPECT_EQ(net::test::receive(pair.server, 1), "1");
    EXPECT_TRUE(net::test::send_all(pair.server, "a"));
    EXPECT_EQ(net::test::receive(pair.client, 1), "1");
    return pair;
  }
  /// What a scrape gets, from where the start says that it is.
  static std::string metrics_of(Proxy& proxy) {
    const std::string said = proxy.process().err();
    const std::string mark = "metrics at ";
    const std::size_t at = said.find(mark);
    EXPECT_NE(at, std::string::npos) << said;
    if (at == std::string::npos) return {};
    const std::string where = said.substr(at + mark.size(), said.find('\n', at) - at - mark.size());
    const std::size_t host = where.find("127.0.0.1:");
    return output_of(Command{.arguments = {"curl", "-s", "http://" + where.substr(host) + "/metrics"}});
  }
  static void reset(Descriptor& socket) {
    const linger now{1, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    socket.close();
  }
  /// Waits until the tracer has told of a reset between these two, from the point of view of `local`.
  kernel::TcpEvent traced(kernel::EventKind kind, const std::string& local, const std::string& remote) {
    kernel::TcpEvent found;
    EXPECT_TRUE(eventually([&] {
      EXPECT_TRUE(
          tracer_->take({.event = [&](const kernel::TcpEvent& each) { events_.push_back(each); }, .counted = {}}));
      for (const kernel::TcpEvent& each : events_)
        if (each.kind == kind && each.local.text() == local && each.remote.text() == remote) {
          found = each;
          return true;
        }
      return false;
    })) << kernel::kind_text(kind)
        << " " << local << " " << remote;
    return found;
  }

  std::unique_ptr<kernel::EventSource> tracer_;
  std::vector<kernel::TcpEvent> events_;
  Descriptor listening_;
};

TEST_F(TracedSession, tells_the_peers_reset_and_its_own_which_passes_it_on) {
  Proxy proxy(net::local_address(listening_.get()), {"--trace", "on", "--metrics-listen", "tcp:127.0.0.1:0"});
  net::test::Pair pair = through(proxy);
  const std::string server = net::local_address(pair.server.get()).text();
  const std::string client = net::local_address(pair.client.get()).text();
  const std::string sees_client = proxy.address().text();
  reset(pair.server);
  const auto record = nlohmann::json::parse(proxy.lines(1).front());
  EXPECT_EQ(record["upstream"]["reset"]["by"], "peer") << record.dump();
  EXPECT_TRUE(record["upstream"]["reset"]["reason"].is_null());
  EXPECT_EQ(record["client"]["reset"]["by"], "lastbyte") << record.dump();
  EXPECT_EQ(record["client"]["reset"]["reason"], "TCP_STATE");
  const auto passed_on = traced(kernel::EventKind::reset_sent, sees_client, client);
  EXPECT_EQ(passed_on.reason, "TCP_STATE");
  EXPECT_EQ(passed_on.owner.pid, static_cast<std::uint32_t>(proxy.process().pid()));
  EXPECT_EQ(passed_on.owner.comm, "lastbyte");
  EXPECT_FALSE(events_.empty());
  const auto upstream_saw = std::ranges::find_if(events_, [&](const kernel::TcpEvent& each) {
    return each.kind == kernel::EventKind::reset_received && each.remote.text() == server;
  });
  EXPECT_NE(upstream_saw, events_.end());
  const std::string metrics = metrics_of(proxy);
  EXPECT_NE(metrics.find("\nlastbyte_kernel_resets_by_peers_total 1\n"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("\nlastbyte_kernel_resets_by_lastbyte_total 1\n"), std::string::npos);
  EXPECT_NE(metrics.find("\nlastbyte_kernel_resets_on_behalf_total 0\n"), std::string::npos);
}

TEST_F(TracedSession, tells_the_reset_that_the_kernel_sends_for_a_close_with_unread_input) {
  // Without lingering lastbyte closes the client while its request is still coming (T6).
  Proxy proxy(net::local_address(listening_.get()), {"--trace", "on", "--linger-mode", "off"});
  net::test::Pair pair = through(proxy);
  const std::string client = net::local_address(pair.client.get()).text();
  const std::string sees_client = proxy.address().text();
  ASSERT_EQ(::shutdown(pair.server.get(), SHUT_WR), 0);
  ASSERT_EQ(net::test::receive(pair.client, 1), "0");
  net::test::fill(pair.client);
  pair.server.close();
  const auto record = nlohmann::json::parse(proxy.lines(1).front());
  EXPECT_EQ(record["upstream"]["reset"]["by"], "peer") << record.dump();
  EXPECT_EQ(record["client"]["reset"]["by"], "kernel") << record.dump();
  EXPECT_EQ(record["client"]["reset"]["reason"], "TCP_ABORT_ON_CLOSE");
  EXPECT_EQ(traced(kernel::EventKind::reset_sent, sees_client, client).reason, "TCP_ABORT_ON_CLOSE");
}

TEST_F(TracedSession, has_no_word_of_it_where_all_ends_well_or_nobody_asked) {
  for (const char* setting : {"on", "off"}) {
    Proxy proxy(net::local_address(listening_.get()), {"--trace", setting});
    net::test::Pair pair = through(proxy);
    if (std::string(setting) == "off") {
      reset(pair.server);
    } else {
      pair.client.close();
      EXPECT_EQ(net::test::receive(pair.server, 1), "0");
      pair.server.close();
    }
    EXPECT_EQ(proxy.lines(1).front().find("\"reset\":"), std::string::npos) << setting;
  }
}

TEST_F(TracedSession, goes_on_without_rights_when_auto_and_fails_to_start_when_on) {
  const std::string upstream = "tcp:" + net::local_address(listening_.get()).text();
  const auto run = [&](const char* setting) {
    return Command{.arguments = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
                                 LASTBYTE_BINARY, "proxy", "--listen", "tcp:127.0.0.1:0", "--connect", upstream,
                                 "--trace", setting}};
  };
  Process fails(run("on"));
  EXPECT_EQ(fails.wait(), 1) << fails.err();
  EXPECT_NE(fails.err().find("trace: on: "), std::string::npos) << fails.err();
  EXPECT_NE(fails.err().find("CAP_BPF and CAP_PERFMON"), std::string::npos) << fails.err();
  Process without(run("auto"));
  EXPECT_TRUE(eventually([&] { return without.err().find("resets are not traced: ") != std::string::npos; }))
      << without.err();
  without.signal(SIGTERM);
  EXPECT_EQ(without.wait(), 0);
}

}  // namespace
}  // namespace lastbyte::system_test
