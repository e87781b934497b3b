// Records and messages, received by Debian's syslog daemon.
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>

#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

std::string rsyslog_config(const TemporaryDirectory& directory, const std::string& input) {
  return "global(workDirectory=\"" + directory.path() + "\")\n" + input +
         "template(name=\"fields\" type=\"string\" string=\"%syslogfacility-text%.%syslogseverity-text% %app-name% "
         "%msgid% %structured-data% %msg%\\n\")\n*.* action(type=\"omfile\" file=\"" +
         directory.file("received") + "\" template=\"fields\")\n";
}

class Syslog : public testing::Test {
 protected:
  void SetUp() override {
    if (process::find_program("rsyslogd").empty()) GTEST_SKIP() << "rsyslogd is not installed";
    input_ = "module(load=\"imuxsock\" SysSock.Use=\"off\")\ninput(type=\"imuxsock\" Socket=\"" + socket() +
             "\" UseSpecialParser=\"off\" RateLimit.Interval=\"0\")\n";
    write_file(directory_.file("rsyslog.conf"), rsyslog_config(directory_, input_));
  }
  ~Syslog() override { server_.stop(); }

  [[nodiscard]] std::string socket() const { return directory_.file("log"); }
  [[nodiscard]] std::string received() const { return read_file(directory_.file("received")); }
  [[nodiscard]] std::unique_ptr<Process> start_rsyslog() const {
    auto started = std::make_unique<Process>(
        Command{.arguments = {"rsyslogd", "-n", "-f", directory_.file("rsyslog.conf"), "-i", directory_.file("pid")}});
    EXPECT_TRUE(eventually([&] { return std::filesystem::exists(socket()) || !started->running(); }));
    EXPECT_TRUE(started->running()) << started->err();
    return started;
  }
  void one_session(const Proxy& proxy) { Client(proxy.address(), script("shutdown; expect fin")).wait(); }
  [[nodiscard]] std::size_t count(const std::string& what) const {
    const std::string text = received();
    std::size_t times = 0;
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++times;
    return times;
  }

  TemporaryDirectory directory_;
  std::string input_;
  Server server_ = start_server("expect fin; close", {}, std::nullopt);
};

TEST_F(Syslog, a_real_daemon_reads_all_fields_of_a_record_and_goes_on_when_it_is_started_anew) {
  auto rsyslog = start_rsyslog();
  Proxy proxy(server_.address(), {"--log-target", "syslog:unix:" + socket(), "--log-facility", "local3",
                                  "--log-app-name", "edge", "--name", "w\"e]b", "--log-format", "text"});
  one_session(proxy);
  ASSERT_TRUE(eventually([&] { return count(" complete | ") == 1; })) << received();
  const std::string line = received();
  EXPECT_TRUE(
      line.starts_with(R"(local3.info edge session-end [session@32473 id="1" forwarding="w\"e\]b" client="127)"))
      << line;
  EXPECT_NE(line.find(R"(ending="complete")"), std::string::npos) << line;
  rsyslog->signal(SIGTERM);
  ASSERT_TRUE(rsyslog->wait());
  std::filesystem::remove(socket());
  one_session(proxy);
  EXPECT_TRUE(eventually([&] { return proxy.process().err().find("session records are lost") != std::string::npos; }));
  rsyslog = start_rsyslog();
  EXPECT_TRUE(eventually([&] {
    one_session(proxy);
    return count(" complete | ") >= 2;
  })) << received();
  proxy.stop();
  EXPECT_NE(proxy.process().err().find(" of the log lost"), std::string::npos) << proxy.process().err();
}

TEST_F(Syslog, a_real_daemon_reads_messages_with_their_severity) {
  const auto rsyslog = start_rsyslog();
  Process process({.arguments = {LASTBYTE_BINARY, "proxy", "--listen", "tcp:127.0.0.1:0", "--connect",
                                 "tcp:127.0.0.1:9", "--log-target", "off", "--log-messages", "syslog:unix:" + socket(),
                                 "--admin-listen", "none", "--log-format", "json"}});
  EXPECT_TRUE(eventually([&] { return count("records to off") == 1; })) << received();
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0);
  EXPECT_TRUE(eventually([&] { return count("stopped: ") == 1; })) << received();
  EXPECT_GE(count(R"(daemon.info lastbyte message - {"event":"message","time":")"), 3U) << received();
}

// With a blocking write, the session would wait for the receiver, and the test for the session.
TEST_F(Syslog, a_daemon_that_stands_still_holds_no_session_up_and_no_stop) {
  const auto rsyslog = start_rsyslog();
  Proxy proxy(server_.address(), {"--log-target", "syslog:unix:" + socket(), "--workers", "1"});
  rsyslog->signal(SIGSTOP);
  for (int each = 0; each < 700; ++each) one_session(proxy);
  rsyslog->signal(SIGCONT);
  EXPECT_TRUE(eventually([&] { return count("session-end") == 700; })) << count("session-end");
  rsyslog->signal(SIGSTOP);
  proxy.stop();
}

}  // namespace
}  // namespace lastbyte::system_test
