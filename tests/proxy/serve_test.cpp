// The daemon from an operator's view: its messages, exit status and signals.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/proxy/daemon.h"

namespace lastbyte::proxy::test {
namespace {

namespace fs = std::filesystem;

/// An open session: the client's end and the upstream's.
struct Session {
  Descriptor client;
  Descriptor upstream;
};

Session begin_session(std::uint16_t port, const Descriptor& upstream) {
  Session session{connect_to(port), {}};
  session.upstream = accept_one(upstream);
  return session;
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = fs::temp_directory_path() / "lastbyte-serve-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { fs::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] std::string at(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Does not connect: a connection just before the stop would become a session.
bool listens(std::uint16_t port) {
  std::array<char, 32> wanted{};
  std::snprintf(wanted.data(), wanted.size(), "0100007F:%04X 00000000:0000 0A", static_cast<unsigned>(port));
  return content("/proc/net/tcp").find(wanted.data()) != std::string::npos;
}

TEST(Serve, T1_forwards_a_half_close_and_the_answer_and_records_the_session) {
  const Descriptor upstream = listen_anywhere();
  Daemon daemon(forwarding_to(port_of(upstream)));
  const Session session = begin_session(daemon.port(), upstream);
  send_all(session.client, "question");
  ::shutdown(session.client.get(), SHUT_WR);
  EXPECT_EQ(receive_all(session.upstream), "question");
  send_all(session.upstream, "answer");
  ::shutdown(session.upstream.get(), SHUT_WR);
  EXPECT_EQ(receive_all(session.client), "answer");
  const std::string record = daemon.line_with(" test ");
  EXPECT_NE(record.find(" complete | client=fin received=8 delivered=8 | upstream=fin received=6 delivered=6"),
            std::string::npos)
      << record;
}

TEST(Serve, says_what_listens_where_and_how_much_it_can_do) {
  const Descriptor upstream = listen_anywhere();
  Daemon daemon(forwarding_to(port_of(upstream)));
  const std::string line = daemon.line_with("listening on 127.0.0.1:");
  EXPECT_NE(line.find(" -> 127.0.0.1:" + std::to_string(port_of(upstream)) + " (test)"), std::string::npos) << line;
  const std::string limits = daemon.line_with(" worker");
  EXPECT_NE(limits.find("1 worker, at most "), std::string::npos) << limits;
}

TEST(Serve, T15_a_stop_ends_accepting_lets_sessions_finish_and_exits_0) {
  const Descriptor upstream = listen_anywhere();
  Daemon daemon(forwarding_to(port_of(upstream)));
  const auto port = daemon.port();
  const Session session = begin_session(port, upstream);
  daemon.signal(SIGTERM);
  EXPECT_NE(daemon.line_with("SIGTERM").find("1 session may finish for 30 s"), std::string::npos);
  EXPECT_TRUE(eventually([&] { return !listens(port); }));
  send_all(session.client, "late");
  ::shutdown(session.client.get(), SHUT_WR);
  EXPECT_EQ(receive_all(session.upstream), "late");
  ::shutdown(session.upstream.get(), SHUT_WR);
  EXPECT_EQ(receive_all(session.client), "");
  EXPECT_EQ(daemon.exit_status(), 0);
  const auto lines = daemon.all_lines();
  EXPECT_NE(lines.back().find("stopped: 1 session served"), std::string::npos) << lines.back();
}

TEST(Serve, T15_what_is_left_after_the_drain_time_is_reset_and_never_sees_a_false_end) {
  const Descriptor upstream = listen_anywhere();
  auto config = forwarding_to(port_of(upstream));
  config.drain = std::chrono::milliseconds(50);
  Daemon daemon(config);
  const Session session = begin_session(daemon.port(), upstream);
  daemon.signal(SIGINT);
  EXPECT_EQ(receive_all(session.client), " RST");
  EXPECT_EQ(receive_all(session.upstream), " RST");
  EXPECT_NE(daemon.line_with(" test ").find("stopped by the operator"), std::string::npos);
  EXPECT_EQ(daemon.exit_status(), 0);
}

TEST(Serve, T15_a_second_stop_ends_at_once) {
  const Descriptor upstream = listen_anywhere();
  auto config = forwarding_to(port_of(upstream));
  config.drain = std::chrono::hours(1);
  Daemon daemon(config);
  const Session session = begin_session(daemon.port(), upstream);
  daemon.signal(SIGTERM);
  daemon.line_with("SIGTERM: ");
  daemon.signal(SIGTERM);
  EXPECT_EQ(receive_all(session.client), " RST");
  EXPECT_EQ(daemon.exit_status(), 0);
}

TEST(Serve, sigusr1_and_sighup_open_the_log_anew_and_serving_goes_on) {
  const TemporaryDirectory directory;
  const Descriptor upstream = listen_anywhere();
  auto config = forwarding_to(port_of(upstream));
  config.log = {config::LogFormat::json, directory.at("log")};
  Daemon daemon(config);
  const auto port = daemon.port();
  for (const int number : {SIGUSR1, SIGHUP}) {
    fs::rename(directory.at("log"), directory.at("log.old"));
    daemon.signal(number);
    EXPECT_TRUE(eventually([&] { return fs::exists(directory.at("log")); }));
  }
  {
    const Session session = begin_session(port, upstream);
    ::shutdown(session.client.get(), SHUT_WR);
    ::shutdown(session.upstream.get(), SHUT_WR);
    receive_all(session.client);
  }
  EXPECT_TRUE(eventually([&] { return content(directory.at("log")).find("\"complete\":true") != std::string::npos; }));
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.exit_status(), 0);
}

TEST(Serve, a_log_made_by_root_belongs_to_the_user_who_is_to_open_it_again) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can switch users";
  const TemporaryDirectory directory;
  const Descriptor upstream = listen_anywhere();
  auto config = forwarding_to(port_of(upstream));
  config.user = "nobody";
  config.log.target = directory.at("log");
  Daemon daemon(config);
  daemon.port();
  struct stat status{};
  ASSERT_EQ(::stat(directory.at("log").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 65534U);
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.exit_status(), 0);
}

/// Returns the one line that a failed start prints, after checking that its exit status is 1.
std::string failed_start(const config::Config& config, const std::function<void()>& prepare = {}) {
  Daemon daemon(config, prepare);
  const auto lines = daemon.all_lines();
  EXPECT_EQ(daemon.exit_status(), 1);
  EXPECT_EQ(lines.size(), 1U) << "one clear line";
  return lines.empty() ? "" : lines.back();
}

TEST(Serve, a_port_in_use_starts_nothing_and_exits_1) {
  const Descriptor busy = listen_anywhere();
  auto config = forwarding_to(9);
  config.forwardings.push_back(config.forwardings.front());
  config.forwardings.back().name = "second";
  config.forwardings.back().listen.ports = net::Ports(port_of(busy));
  const std::string line = failed_start(config);
  EXPECT_NE(line.find("forwarding 'second'"), std::string::npos) << line;
  EXPECT_NE(line.find("EADDRINUSE"), std::string::npos) << line;
}

TEST(Serve, more_sessions_than_the_descriptors_allow_start_nothing) {
  auto config = forwarding_to(9);
  config.max_sessions = 5000;
  const std::string line = failed_start(config, [] {
    const rlimit low{2048, 2048};
    ::setrlimit(RLIMIT_NOFILE, &low);
  });
  EXPECT_NE(line.find("max-sessions 5000 needs 10595 file descriptors, but the limit is 2048"), std::string::npos)
      << line;
}

TEST(Serve, a_log_that_cannot_be_opened_starts_nothing) {
  auto config = forwarding_to(9);
  config.log.target = "/no/such/directory/log";
  const std::string line = failed_start(config);
  EXPECT_NE(line.find("/no/such/directory/log"), std::string::npos) << line;
}

TEST(Serve, a_user_that_is_not_there_starts_nothing) {
  auto config = forwarding_to(9);
  config.user = "no-such-user";
  EXPECT_NE(failed_start(config).find("no-such-user"), std::string::npos);
}

TEST(Serve, a_standard_error_that_nobody_reads_does_not_hold_up_a_stop) {
  const Descriptor upstream = listen_anywhere();
  auto config = forwarding_to(port_of(upstream));
  config.drain = std::chrono::milliseconds(10);
  Daemon daemon(config);
  const auto port = daemon.port();
  // Filling the pipe and the ring with records would take long: about 64 KB and 8192 lines. The test fills the pipe
  // through another descriptor; for the daemon, that is the same.
  for (int each = 0; each < 400; ++each) {
    const Session session = begin_session(port, upstream);
    ::shutdown(session.client.get(), SHUT_WR);
    ::shutdown(session.upstream.get(), SHUT_WR);
    receive_all(session.client);
  }
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.exit_status(), 0);
}

}  // namespace
}  // namespace lastbyte::proxy::test
