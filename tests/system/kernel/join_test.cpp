// The setting `trace`: a session's record says which end reset each connection, and why. It agrees with the tracer and
// with the segments on the wire.
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <sstream>

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

  /// Opens a session through `proxy` and passes a byte in each direction.
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
  /// Scrapes the metrics, at the address that the start prints.
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
  /// Waits until the tracer reports a reset between these two addresses, as `local` sees it.
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
  EXPECT_NE(metrics.find(R"(,side="client",reason="TCP_STATE"} 1)"), std::string::npos) << metrics;
}

TEST_F(TracedSession, tells_the_reset_that_the_kernel_sends_for_a_close_with_unread_input) {
  // Without lingering, lastbyte closes the client while its request is still arriving (T6).
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

TEST_F(TracedSession, tells_the_keepalive_that_nobody_answered_in_record_metrics_and_trace) {
  if (!net::test::Deaf::possible()) GTEST_SKIP() << "this kernel does not let us attach a socket filter";
  Proxy proxy(net::local_address(listening_.get()),
              {"--trace", "on", "--metrics-listen", "tcp:127.0.0.1:0", "--client-keepalive-idle", "1s",
               "--client-keepalive-interval", "1s", "--client-keepalive-count", "1"});
  net::test::Pair pair = through(proxy);
  const std::string client = net::local_address(pair.client.get()).text();
  const net::test::Deaf gone(pair.client);
  const auto record = nlohmann::json::parse(proxy.lines(1).front());
  EXPECT_EQ(record["client"]["end"], "vanished") << record.dump();
  EXPECT_EQ(record["client"]["reset"]["by"], "kernel") << record.dump();
  EXPECT_EQ(record["client"]["reset"]["reason"], "TCP_KEEPALIVE_TIMEOUT");
  EXPECT_EQ(record["upstream"]["reset"]["by"], "lastbyte") << "which passes it on (T4)";
  EXPECT_EQ(traced(kernel::EventKind::reset_sent, proxy.address().text(), client).reason, "TCP_KEEPALIVE_TIMEOUT");
  const std::string metrics = metrics_of(proxy);
  EXPECT_NE(metrics.find(R"(,side="client",reason="TCP_KEEPALIVE_TIMEOUT"} 1)"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find(R"(,side="upstream",reason="TCP_STATE"} 1)"), std::string::npos) << metrics;
}

TEST_F(TracedSession, tells_that_an_upstream_refused_the_connection_with_a_reset) {
  if (!net::test::Deaf::possible()) GTEST_SKIP() << "this kernel does not let us attach a socket filter";
  const net::Address to = net::local_address(listening_.get());
  Proxy proxy(to, {"--trace", "on"});
  // The SYN reaches nobody, and is retransmitted after a second, when no socket is left.
  std::optional<net::test::Deaf> deaf(listening_);
  const Descriptor refused = net::test::connect_to(proxy.address());
  EXPECT_TRUE(proxy.wait_for_sessions(1));
  deaf.reset();
  listening_.close();
  const auto record = nlohmann::json::parse(proxy.lines(1).front());
  EXPECT_EQ(record["upstream"]["end"], "unreachable") << record.dump();
  EXPECT_EQ(record["upstream"]["error"], "ECONNREFUSED");
  EXPECT_EQ(record["upstream"]["reset"]["by"], "peer") << record.dump();
  EXPECT_EQ(record["client"]["reset"]["by"], "lastbyte");
}

/// The reset arrives while connect(2) is under way, and is handled before that call returns.
TEST_F(TracedSession, tells_that_an_upstream_refused_the_connection_before_connect_returned) {
  const net::Address to = net::local_address(listening_.get());
  listening_.close();
  const std::string group = "groups: {web: {members: ['tcp:" + to.text() + "']}}\n";
  for (const std::string& connect : {std::string("tcp:") + to.text(), std::string("group:web")}) {
    SCOPED_TRACE(connect);
    Proxy proxy(to, Proxy::Options{.flags = {"--trace", "on", "--metrics-listen", "tcp:127.0.0.1:0"},
                                   .config = (connect.starts_with("group") ? group : std::string()) +
                                             "forwardings: [{name: web, listen: 'tcp:127.0.0.1:0', connect: '" +
                                             connect + "'}]\n"});
    const Descriptor refused = net::test::connect_to(proxy.address());
    const auto record = nlohmann::json::parse(proxy.lines(1).front());
    EXPECT_EQ(record["upstream"]["error"], "ECONNREFUSED") << record.dump();
    EXPECT_EQ(record["upstream"]["reset"]["by"], "peer") << record.dump();
    EXPECT_EQ(record["client"]["reset"]["by"], "lastbyte") << record.dump();
    EXPECT_NE(metrics_of(proxy).find("lastbyte_kernel_resets_by_peers_total 1"), std::string::npos);
  }
}

TEST_F(TracedSession, counts_the_reset_of_an_upstream_whose_request_another_one_got) {
  const Descriptor other = net::test::listener();
  const std::string first = net::local_address(listening_.get()).text();
  Proxy proxy(net::local_address(listening_.get()),
              Proxy::Options{.flags = {"--trace", "on", "--metrics-listen", "tcp:127.0.0.1:0"},
                             .config = "groups: {web: {policy: first, members: ['tcp:" + first +
                                       "', 'tcp:" + net::local_address(other.get()).text() +
                                       "']}}\n"
                                       "forwardings: [{name: web, listen: 'tcp:127.0.0.1:0', connect: 'group:web', "
                                       "retry: {retry-on: reset, replay: 64k}}]\n"});
  const Descriptor client = net::test::connect_to(proxy.address());
  ASSERT_TRUE(net::test::send_all(client, "q"));
  Descriptor resets = net::test::accept_one(listening_);
  ASSERT_EQ(net::test::receive(resets, 1), "1");
  reset(resets);
  Descriptor answers = net::test::accept_one(other);
  ASSERT_EQ(net::test::receive(answers, 1), "1");
  ASSERT_TRUE(net::test::send_all(answers, "a"));
  ASSERT_EQ(net::test::receive(client, 1), "1");
  ASSERT_EQ(::shutdown(client.get(), SHUT_WR), 0);
  ASSERT_EQ(net::test::receive(answers, 1), "0");
  answers.close();
  const auto record = nlohmann::json::parse(proxy.lines(1).front());
  EXPECT_EQ(record["complete"], true) << record.dump();
  EXPECT_FALSE(record["upstream"].contains("reset")) << record.dump();
  EXPECT_NE(metrics_of(proxy).find("lastbyte_kernel_resets_by_peers_total 1"), std::string::npos);
}

/// `lastbyte trace --json` together with running instances.
class JoinedTrace : public TracedSession {
 protected:
  /// Starts it, and waits until it follows the instances.
  void trace(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
    arguments.insert(arguments.begin(), {LASTBYTE_BINARY, "trace", "--json", "--rate", "0"});
    process_.emplace(Command{.arguments = std::move(arguments), .environment = std::move(environment)});
    ASSERT_TRUE(
        eventually([&] { return process_->err().find("level ") != std::string::npos || !process_->running(); }));
    ASSERT_TRUE(process_->running()) << process_->err();
  }
  /// Call it before the proxies check that every client has gone.
  void end_trace() {
    process_->signal(SIGTERM);
    EXPECT_EQ(process_->wait(), 0) << process_->err();
  }
  [[nodiscard]] std::string socket() const { return directory_.file("admin.sock"); }
  /// Returns what it has reported about that end of a connection.
  [[nodiscard]] std::vector<nlohmann::json> told(const std::string& local, const std::string& remote) const {
    std::vector<nlohmann::json> found;
    std::istringstream stream(process_->out());
    for (std::string line; std::getline(stream, line) && !stream.eof();) {
      auto each = nlohmann::json::parse(line);
      if (each.value("local", "") == local && each.value("remote", "") == remote) found.push_back(std::move(each));
    }
    return found;
  }
  nlohmann::json wait_for(const std::string& local, const std::string& remote, std::size_t count = 1) {
    EXPECT_TRUE(eventually([&] { return told(local, remote).size() >= count; }))
        << local << " " << remote << ": " << process_->out() << process_->err();
    const auto all = told(local, remote);
    return all.size() >= count ? all[count - 1] : nlohmann::json::object();
  }

  TemporaryDirectory directory_;
  std::optional<Process> process_;
};

TEST_F(JoinedTrace, tells_the_session_the_side_and_the_cause_though_the_proxy_itself_traces_nothing) {
  Proxy proxy(net::local_address(listening_.get()),
              {"--trace", "off", "--admin-listen", "unix:" + socket(), "--name", "web"});
  trace({"--socket", socket()});
  net::test::Pair pair = through(proxy);
  const std::string server = net::local_address(pair.server.get()).text();
  const std::string upstream = net::peer_address(pair.server.get()).text();
  const std::string client = net::local_address(pair.client.get()).text();
  ASSERT_TRUE(net::test::send_all(pair.server, std::string(16'383, 'x')));
  ASSERT_TRUE(eventually([&] { return net::test::unread(pair.client) == 16'383; }));
  net::reset_and_close(pair.server);
  const auto record = nlohmann::json::parse(proxy.lines(1).front());
  EXPECT_FALSE(record["client"].contains("reset")) << "nobody traces in the proxy";
  const auto came = wait_for(upstream, server);
  EXPECT_EQ(came["event"], "reset_received");
  EXPECT_EQ(came["session"]["id"], record["id"]) << came.dump();
  EXPECT_EQ(came["session"]["side"], "upstream");
  EXPECT_EQ(came["session"]["sent_by"], "peer");
  EXPECT_EQ(came["session"]["pid"], proxy.process().pid());
  const auto went = wait_for(proxy.address().text(), client);
  EXPECT_EQ(went["event"], "reset_sent");
  EXPECT_EQ(went["reason"], "TCP_STATE");
  EXPECT_EQ(went["session"]["id"], record["id"]) << went.dump();
  EXPECT_EQ(went["session"]["forwarding"], "web");
  EXPECT_EQ(went["session"]["side"], "client");
  EXPECT_EQ(went["session"]["sent_by"], "lastbyte");
  EXPECT_EQ(went["session"]["cause"],
            "lastbyte sent it: the upstream had reset first, 16,384 bytes were delivered before");
  end_trace();
}

TEST_F(JoinedTrace, tells_the_kernels_reset_apart_from_lastbytes_own) {
  Proxy proxy(net::local_address(listening_.get()), {"--admin-listen", "unix:" + socket(), "--linger-mode", "off"});
  trace({"--socket", socket()});
  net::test::Pair pair = through(proxy);
  const std::string client = net::local_address(pair.client.get()).text();
  ASSERT_EQ(::shutdown(pair.server.get(), SHUT_WR), 0);
  ASSERT_EQ(net::test::receive(pair.client, 1), "0");
  net::test::fill(pair.client);
  pair.server.close();
  const auto went = wait_for(proxy.address().text(), client);
  EXPECT_EQ(went["reason"], "TCP_ABORT_ON_CLOSE");
  EXPECT_EQ(went["session"]["sent_by"], "kernel") << went.dump();
  EXPECT_EQ(went["session"]["end"], "left");
  end_trace();
}

TEST_F(JoinedTrace, tells_a_reset_whose_session_goes_on_at_once_and_again_when_it_ends) {
  if (!net::test::Deaf::possible()) GTEST_SKIP() << "this kernel does not let us attach a socket filter";
  Proxy proxy(net::local_address(listening_.get()), {"--admin-listen", "unix:" + socket()});
  trace({"--socket", socket()});
  net::test::Pair pair = through(proxy);
  const std::string server = net::local_address(pair.server.get()).text();
  const std::string upstream = net::peer_address(pair.server.get()).text();
  // The client acknowledges nothing. It must get these bytes before it may learn of the reset (T4).
  std::optional<net::test::Deaf> deaf(pair.client);
  ASSERT_TRUE(net::test::send_all(pair.server, "owed"));
  ASSERT_TRUE(net::test::eventually([&] { return net::unacknowledged(pair.server.get()) == 0; }));
  net::reset_and_close(pair.server);
  const auto first = wait_for(upstream, server);
  EXPECT_EQ(first["event"], "reset_received");
  EXPECT_FALSE(first.contains("session")) << first.dump();
  deaf.reset();
  EXPECT_EQ(net::test::drain(pair.client).error, "ECONNRESET");
  const auto second = wait_for(upstream, server, 2);
  EXPECT_EQ(second["again"], true) << second.dump();
  EXPECT_EQ(second["session"]["side"], "upstream");
  EXPECT_EQ(second["time"], first["time"]);
  end_trace();
}

TEST_F(JoinedTrace, tells_the_session_of_a_reset_that_follows_its_end) {
  Proxy proxy(net::local_address(listening_.get()), {"--admin-listen", "unix:" + socket(), "--linger-mode", "off"});
  trace({"--socket", socket(), "--direction", "sent"});
  net::test::Pair pair = through(proxy);
  const std::string client = net::local_address(pair.client.get()).text();
  pair.server.close();
  EXPECT_EQ(net::test::receive(pair.client, 1), "0");
  net::test::send_one(pair.client);  // the server answers with a reset, and the session ends
  const auto record = nlohmann::json::parse(proxy.lines(1).front());
  EXPECT_TRUE(told(proxy.address().text(), client).empty()) << process_->out();
  net::test::send_one(pair.client);
  const auto late = wait_for(proxy.address().text(), client);
  EXPECT_EQ(late["session"]["id"], record["id"]) << late.dump();
  EXPECT_EQ(late["session"]["sent_by"], "kernel");
  end_trace();
}

TEST_F(JoinedTrace, finds_the_instances_that_run_and_those_that_start_and_says_once_of_one_without) {
  ASSERT_EQ(::setenv("RUNTIME_DIRECTORY", directory_.file("run").c_str(), 1), 0);
  const net::Address upstream = net::local_address(listening_.get());
  Proxy first(upstream, {"--admin-listen", "auto", "--name", "first"});
  trace({});
  Proxy second(upstream, {"--admin-listen", "auto", "--name", "second"});
  Proxy hidden(upstream, {"--admin-listen", "none", "--name", "hidden"});
  ::unsetenv("RUNTIME_DIRECTORY");
  const auto reset_one = [&](Proxy& proxy) {
    net::test::Pair pair = through(proxy);
    const std::string local = net::peer_address(pair.server.get()).text();
    const std::string server = net::local_address(pair.server.get()).text();
    net::reset_and_close(pair.server);
    return wait_for(local, server);
  };
  EXPECT_EQ(reset_one(first)["session"]["forwarding"], "first") << process_->err();
  const auto of_second = [&] {
    const auto told = reset_one(second);
    return told.contains("session") && told["session"]["forwarding"] == "second";
  };
  EXPECT_TRUE(eventually(of_second)) << process_->out() << process_->err();
  EXPECT_FALSE(reset_one(hidden).contains("session"));
  reset_one(hidden);
  const std::string note =
      "process " + std::to_string(hidden.process().pid()) + " is a lastbyte whose administration was not found";
  EXPECT_TRUE(eventually([&] { return process_->err().find(note) != std::string::npos; })) << process_->err();
  EXPECT_EQ(process_->err().find(note), process_->err().rfind(note)) << "once";
  end_trace();
}

TEST_F(JoinedTrace, fails_where_a_socket_that_was_given_does_not_answer) {
  Process process(Command{.arguments = {LASTBYTE_BINARY, "trace", "--socket", directory_.file("nobody.sock")}});
  EXPECT_EQ(process.wait(), 2);
  EXPECT_NE(process.err().find("nobody.sock"), std::string::npos) << process.err();
  EXPECT_EQ(std::ranges::count(process.err(), '\n'), 1) << process.err();
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
