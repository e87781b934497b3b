// Runs `lastbyte trace` as a user does, on resets in a network namespace of the test.
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "kernel/watch/source.h"
#include "net/namespace/enter.h"
#include "tests/harness/loopback.h"
#include "tests/harness/own_network.h"
#include "tests/harness/process.h"

namespace lastbyte::system_test {
namespace {

class Trace : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!network_) GTEST_SKIP() << "no network namespace of its own here";
    const auto possible = kernel::open_source({}, kernel::Level::typed);
    if (!possible) GTEST_SKIP() << possible.error().text();
  }

  /// Starts it, and waits until it watches.
  std::unique_ptr<Process> trace(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {LASTBYTE_BINARY, "trace", "--netns", network_.path()});
    auto process = std::make_unique<Process>(Command{.arguments = arguments});
    EXPECT_TRUE(eventually([&] { return process->err().find("level ") != std::string::npos || !process->running(); }))
        << process->err();
    return process;
  }
  /// Makes `count` connections that end by a reset. Each reset is reported twice: sent and received.
  void reset(int count) {
    ASSERT_TRUE(net::run_inside(network_.descriptor(), [&] {
      for (int each = 0; each < count; ++each) {
        net::test::Pair pair = net::test::connected_pair();
        const linger now{1, 0};
        ::setsockopt(pair.client.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        pair.client.close();
      }
    }));
  }
  static std::vector<nlohmann::json> lines(const std::string& text) {
    std::vector<nlohmann::json> all;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) all.push_back(nlohmann::json::parse(line));
    return all;
  }
  static std::uint64_t count_of(const Process& process, const std::string& word) {
    std::uint64_t sum = 0;
    for (const auto& each : lines(process.out()))
      if (each["event"] == word) sum += each.value("count", std::uint64_t{1});
    return sum;
  }

  net::test::OwnNetwork network_;
};

TEST_F(Trace, tells_both_ends_of_a_reset_and_ends_after_so_many_events) {
  const auto process = trace({"--json", "--events", "2"});
  reset(1);
  EXPECT_EQ(process->wait(), 0) << process->err();
  const auto told = lines(process->out());
  ASSERT_EQ(told.size(), 2U) << process->out();
  const bool sent_first = told[0]["event"] == "reset_sent";
  const auto& sent = told[sent_first ? 0 : 1];
  const auto& received = told[sent_first ? 1 : 0];
  EXPECT_EQ(sent["reason"], "TCP_STATE");
  EXPECT_EQ(received["event"], "reset_received");
  EXPECT_EQ(sent["local"], received["remote"]);
  EXPECT_EQ(sent["pid"], ::getpid());
  EXPECT_EQ(received["pid"], ::getpid());
  EXPECT_TRUE(received.contains("judgement"));
}

TEST_F(Trace, ends_at_sigterm_and_prints_the_summary) {
  const auto process = trace({"--summary", "--direction", "sent"});
  reset(3);
  process->signal(SIGTERM);
  EXPECT_EQ(process->wait(), 0);
  EXPECT_EQ(process->out().substr(0, process->out().find('\n')), "3 events") << process->out();
  EXPECT_NE(process->out().find("3  reset sent, TCP_STATE"), std::string::npos) << process->out();
}

TEST_F(Trace, counts_what_the_ring_had_no_room_for) {
  const auto process = trace({"--json", "--ring", "4096", "--rate", "0"});
  process->signal(SIGSTOP);
  reset(100);
  process->signal(SIGCONT);
  EXPECT_TRUE(eventually([&] { return count_of(*process, "lost") > 0; })) << process->out();
  const std::uint64_t told = count_of(*process, "reset_sent") + count_of(*process, "reset_received");
  EXPECT_EQ(told + count_of(*process, "lost"), 200U) << "each event is printed or counted";
  process->signal(SIGINT);
  EXPECT_EQ(process->wait(), 0);
}

TEST_F(Trace, counts_what_the_rate_limit_left_out) {
  const auto process = trace({"--json", "--rate", "1"});
  reset(20);
  EXPECT_TRUE(eventually([&] {
    return count_of(*process, "suppressed") + count_of(*process, "reset_sent") + count_of(*process, "reset_received") ==
           40;
  })) << process->out();
  EXPECT_GT(count_of(*process, "suppressed"), 0U);
  process->signal(SIGINT);
  EXPECT_EQ(process->wait(), 0);
}

TEST_F(Trace, takes_the_counters_where_it_has_no_rights) {
  Process process(Command{.arguments = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                                        "--bounding-set=-all", LASTBYTE_BINARY, "trace", "--duration", "0.1"}});
  EXPECT_EQ(process.wait(), 0) << process.err();
  EXPECT_NE(process.err().find("not available: tp_btf: "), std::string::npos) << process.err();
  EXPECT_NE(process.err().find("CAP_BPF and CAP_PERFMON"), std::string::npos) << process.err();
  EXPECT_NE(process.err().find("level counters. It cannot report connections"), std::string::npos) << process.err();
}

TEST_F(Trace, ends_with_status_2_and_one_sentence_where_a_level_does_not_load) {
  Process process(Command{.arguments = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                                        "--bounding-set=-all", LASTBYTE_BINARY, "trace", "--level", "tp_btf"}});
  EXPECT_EQ(process.wait(), 2);
  EXPECT_TRUE(process.err().starts_with("lastbyte trace: watch connections end: tp_btf: ")) << process.err();
  EXPECT_EQ(std::ranges::count(process.err(), '\n'), 1) << process.err();
  EXPECT_EQ(process.out(), "");
}

TEST_F(Trace, refuses_a_namespace_that_is_not_there_and_filters_a_level_cannot_do) {
  Process absent(Command{.arguments = {LASTBYTE_BINARY, "trace", "--netns", "no-such-namespace"}});
  EXPECT_EQ(absent.wait(), 2);
  EXPECT_NE(absent.err().find("no-such-namespace"), std::string::npos);
  Process blind(Command{.arguments = {LASTBYTE_BINARY, "trace", "--level", "counters", "--pid", "1"}});
  EXPECT_EQ(blind.wait(), 2);
  EXPECT_NE(blind.err().find("--pid needs the level tp_btf or raw_tp"), std::string::npos) << blind.err();
  for (const auto& asked : std::vector<std::vector<std::string>>{
           {"--summary"}, {"--address", "127.0.0.1"}, {"--port", "80"}, {"--reason", "TCP_STATE"}}) {
    std::vector<std::string> arguments{LASTBYTE_BINARY, "trace", "--level", "counters", "--duration", "0.1"};
    arguments.insert(arguments.end(), asked.begin(), asked.end());
    Process counts(Command{.arguments = arguments});
    EXPECT_EQ(counts.wait(), 2) << asked.front();
    EXPECT_NE(counts.err().find(asked.front() + " needs a level that sees connections"), std::string::npos)
        << counts.err();
    EXPECT_EQ(counts.out(), "");
  }
}

}  // namespace
}  // namespace lastbyte::system_test
