// Tests against the real nc, in both roles, and as a process.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "tests/sock/child.h"
#include "tests/sock/running.h"

namespace lastbyte::sock::test {
namespace {

using std::to_string;

class Netcat : public testing::Test {
 protected:
  void SetUp() override {
    if (!is_installed("nc")) GTEST_SKIP() << "nc is not installed";
  }

  /// Returns the port that `nc -lv ... 0` reports.
  static std::string port_of(const Child& netcat) {
    constexpr std::string_view listening = "Listening on localhost ";
    EXPECT_TRUE(netcat.errors().wait_for(listening)) << netcat.errors().text();
    const auto text = netcat.errors().text();
    const auto from = std::min(text.find(listening) + listening.size(), text.size());
    return text.substr(from, text.find('\n', from) - from);
  }
};

TEST_F(Netcat, sends_us_much_with_n) {
  const auto much = noise(3'000'000);
  Running server("-l -v 127.0.0.1 0");
  Child netcat({"nc", "-N", "127.0.0.1", to_string(server.port())});
  netcat.type(much);
  netcat.end_input();
  EXPECT_TRUE(server.whole_output() == much);
  EXPECT_EQ(netcat.status(), 0);
  EXPECT_EQ(server.status(), kExitOk);
}

TEST_F(Netcat, is_sent_much_by_us_with_n) {
  const auto much = noise(3'000'000);
  Child netcat({"nc", "-lv", "127.0.0.1", "0"});
  Running client("-N 127.0.0.1 " + port_of(netcat));
  client.type(much);
  client.end_input();
  EXPECT_TRUE(netcat.output().whole() == much);
  netcat.end_input();
  EXPECT_EQ(client.status(), kExitOk);
  EXPECT_EQ(netcat.status(), 0);
}

TEST_F(Netcat, half_closes_and_reads_our_answer_to_the_end) {
  const auto much = noise(1'000'000);
  Running server("-s -N -v 127.0.0.1 0");
  Child netcat({"nc", "-N", "127.0.0.1", to_string(server.port())});
  netcat.type("question");
  netcat.end_input();
  EXPECT_TRUE(server.output().wait_for("question"));
  EXPECT_TRUE(server.errors().wait_for("CLOSE_WAIT"));
  server.type(much);
  server.end_input();
  EXPECT_TRUE(netcat.output().whole() == much);
  EXPECT_EQ(netcat.status(), 0);
}

TEST_F(Netcat, scans_our_port_and_we_scan_its) {
  Running server("-s -k -v -m sink 127.0.0.1 0");
  Child scan({"nc", "-z", "127.0.0.1", to_string(server.port())});
  EXPECT_EQ(scan.status(), 0);
  server.stop();
  Child netcat({"nc", "-lv", "127.0.0.1", "0"});
  Running ours("-z 127.0.0.1 " + port_of(netcat));
  EXPECT_EQ(ours.status(), kExitOk);
}

TEST_F(Netcat, comes_again_and_again_to_a_kept_server) {
  Running server("-l -k -v -m echo 127.0.0.1 0");
  for (const std::string text : {"one", "two"}) {
    Child netcat({"nc", "-N", "127.0.0.1", to_string(server.port())});
    netcat.type(text);
    netcat.end_input();
    EXPECT_EQ(netcat.output().whole(), text);
  }
}

TEST_F(Netcat, serves_us_again_and_again) {
  Child netcat({"nc", "-lkv", "127.0.0.1", "0"});
  const auto port = port_of(netcat);
  for (const std::string text : {"one", "two"}) {
    Running client("-N 127.0.0.1 " + port);
    client.type(text);
    client.end_input();
    EXPECT_TRUE(netcat.output().wait_for(text));
    EXPECT_EQ(client.status(), kExitOk);
  }
}

TEST_F(Netcat, speaks_unix_sockets_both_ways) {
  std::string pattern = (std::filesystem::temp_directory_path() / "lastbyte-sock-XXXXXX").string();
  const std::filesystem::path directory = ::mkdtemp(pattern.data());
  const auto path = (directory / "socket").string();
  {
    Running server("-l -v -m echo -U " + path);
    EXPECT_EQ(server.address(), path);
    Child netcat({"nc", "-N", "-U", path});
    netcat.type("to us");
    netcat.end_input();
    EXPECT_EQ(netcat.output().whole(), "to us");
  }
  {
    Child netcat({"nc", "-lvU", path});
    EXPECT_TRUE(netcat.errors().wait_for("Listening on"));
    Running client("-N -U " + path);
    client.type("to nc");
    client.end_input();
    EXPECT_TRUE(netcat.output().wait_for("to nc"));
    EXPECT_EQ(client.status(), kExitOk);
  }
  std::filesystem::remove_all(directory);
}

TEST_F(Netcat, speaks_udp_both_ways) {
  Running server("-u -l -v -m echo 127.0.0.1 0");
  Child netcat({"nc", "-u", "-W", "1", "127.0.0.1", to_string(server.port())});
  netcat.type("datagram");
  EXPECT_EQ(netcat.output().whole(), "datagram");
  Child bound({"nc", "-ulv", "127.0.0.1", "0"});
  constexpr std::string_view listening = "Bound on localhost ";
  ASSERT_TRUE(bound.errors().wait_for(listening)) << bound.errors().text();
  const auto text = bound.errors().text();
  const auto from = text.find(listening) + listening.size();
  Running client("-u 127.0.0.1 " + text.substr(from, text.find('\n', from) - from));
  client.type("to nc");
  EXPECT_TRUE(bound.output().wait_for("to nc"));
}

TEST(Program, ends_on_a_signal_with_its_report) {
  Child server({LASTBYTE_SOCK_PROGRAM, "-s", "-k", "-v", "-m", "echo", "127.0.0.1", "0"});
  EXPECT_TRUE(server.errors().wait_for("listening on 127.0.0.1:"));
  ::kill(server.id(), SIGTERM);
  EXPECT_EQ(server.status(), kExitOk);
  EXPECT_NE(server.errors().whole().find("stopped"), std::string::npos);
}

TEST(Program, survives_a_broken_pipe_and_says_so) {
  Child shell({"sh", "-c",
               "trap '' HUP; { \"$0\" -s -v -m source --bytes 8M 127.0.0.1 0 2>&1 >&3 & } 3>/dev/null; wait",
               LASTBYTE_SOCK_PROGRAM});
  const auto& told = shell.output();
  ASSERT_TRUE(told.wait_for("listening on 127.0.0.1:"));
  const auto text = told.text();
  const auto from = text.find("127.0.0.1:", text.find("listening on")) + 10;
  const auto port = text.substr(from, text.find('\n', from) - from);
  Child client({"sh", "-c", "{ \"$0\" -d 127.0.0.1 \"$1\"; echo \"status $?\" >&2; } | head -c 10",
                LASTBYTE_SOCK_PROGRAM, port});
  EXPECT_EQ(client.output().whole(), "0000000000");
  EXPECT_EQ(client.errors().whole(), "status 1\n");
}

TEST(Program, refuses_a_wrong_command_line_with_status_2) {
  Child wrong({LASTBYTE_SOCK_PROGRAM, "-Y"});
  EXPECT_EQ(wrong.status(), kExitUsage);
}

TEST(Program, help_goes_to_standard_output) {
  Child help({LASTBYTE_SOCK_PROGRAM, "--help"});
  EXPECT_EQ(help.output().whole(), usage());
  EXPECT_EQ(help.status(), kExitOk);
}

}  // namespace
}  // namespace lastbyte::sock::test
