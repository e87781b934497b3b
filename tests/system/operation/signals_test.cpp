// What each signal does. stop_test.cpp has the stop and reload_test.cpp the reload.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "tests/harness/crowd.h"
#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

// A fatal signal closes the process's sockets before kill() returns.
TEST(Signals, usr2_and_pipe_and_xfsz_are_ignored) {
  const EchoServer server;
  Proxy proxy(server.address());
  for (const int number : {SIGUSR2, SIGPIPE, SIGXFSZ}) proxy.process().signal(number);
  converse(connect_crowd(proxy.address(), 1));
  EXPECT_TRUE(proxy.process().running());
}

TEST(Signals, T15_a_second_one_resets_whichever_of_term_int_quit_it_is) {
  for (const auto& [first, second] : {std::pair(SIGTERM, SIGQUIT), {SIGQUIT, SIGINT}}) {
    const EchoServer server;
    Proxy proxy(server.address(), {"--drain", "1h"});
    const auto client = connect_crowd(proxy.address(), 1);
    converse(client);
    proxy.process().signal(first);
    ASSERT_TRUE(eventually([&] { return proxy.process().err().find("no more clients") != std::string::npos; }));
    proxy.process().signal(second);
    proxy.expect_end();
  }
}

/// A start that waits because its port is in use.
class SignalsDuringTheStart : public testing::Test {
 protected:
  SignalsDuringTheStart() {
    EXPECT_TRUE(eventually([&] { return process_.err().find("trying again") != std::string::npos; })) << process_.err();
  }

  std::optional<Server> holder_{start_server("close", {}, std::nullopt)};
  Process process_{{.arguments = {LASTBYTE_BINARY, "proxy", "--bind-retry", "1h", "--connect", "tcp:127.0.0.1:9",
                                  "--log-target", "off", "--listen", "tcp:" + holder_->address().text()}}};
};

TEST_F(SignalsDuringTheStart, hup_and_usr1_wait_until_it_serves) {
  for (const int number : {SIGHUP, SIGUSR1, SIGUSR2}) process_.signal(number);
  EXPECT_TRUE(process_.running());
  holder_->stop();
  holder_.reset();
  EXPECT_TRUE(eventually([&] {
    const std::string told = process_.err();
    return told.find("info: SIGHUP") != std::string::npos && told.find("info: SIGUSR1") != std::string::npos;
  })) << process_.err();
  process_.signal(SIGTERM);
  EXPECT_EQ(process_.wait(), 0) << process_.err();
}

TEST_F(SignalsDuringTheStart, quit_ends_it_as_term_does) {
  process_.signal(SIGQUIT);
  EXPECT_EQ(process_.wait(), 128 + SIGTERM);
  holder_->stop();
}

TEST(Signals, a_log_at_the_limit_of_its_size_ends_nothing) {
  const TemporaryDirectory directory;
  const EchoServer server;
  Proxy proxy(server.address(), {"--log-target", directory.file("log")});
  const rlimit small{1024, 1024};
  ASSERT_EQ(::prlimit(proxy.process().pid(), RLIMIT_FSIZE, &small, nullptr), 0);
  for (int round = 0; round < 20; ++round) converse(connect_crowd(proxy.address(), 1));
  EXPECT_TRUE(eventually([&] { return proxy.process().err().find("(EFBIG)") != std::string::npos; }))
      << proxy.process().err();
  converse(connect_crowd(proxy.address(), 1));
  proxy.process().signal(SIGTERM);
  proxy.expect_end();
}

}  // namespace
}  // namespace lastbyte::system_test
