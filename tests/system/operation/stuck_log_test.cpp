// T12: a reader of standard error that does not read delays no session.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <array>
#include <span>

#include "net/socket/passing.h"
#include "net/unix/stream.h"
#include "tests/harness/ways.h"

namespace lastbyte::system_test {
namespace {

/// Starts the daemon behind `sh`, which makes `fifo` its standard error.
Process start_into(const std::string& fifo, const std::string& config) {
  return Process({.arguments = {"sh", "-c", R"(exec "$@" 2>"$0")", fifo, LASTBYTE_BINARY, "proxy", "--config", config,
                                "--log-target", "off", "--workers", "1"}});
}

std::string read_available(const Descriptor& pipe) {
  std::string all;
  std::array<char, 65536> some;
  for (ssize_t count = 0; (count = ::read(pipe.get(), some.data(), some.size())) > 0;)
    all.append(some.data(), static_cast<std::size_t>(count));
  return all;
}

// Each session of the one forwarding makes the daemon write to the operator. A wait of 100 ms for each would exceed
// this test's time limit.
TEST(StuckLog, T12_an_innocent_session_goes_on_while_others_warn_into_a_full_pipe) {
  if (!can_forbid_descriptors()) GTEST_SKIP() << "this kernel has no SO_PASSRIGHTS";
  constexpr std::size_t kSessions = 1500;
  const TemporaryDirectory directory;
  const std::string fifo = directory.file("stderr");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const Descriptor reader(::open(fifo.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  ASSERT_GE(reader.get(), 0);
  while (::write(reader.get(), "\n", 1) == 1) {
  }
  const UnixServer refusing(directory, "refusing.sock");
  net::let_descriptors_pass(refusing.listening.get(), false);
  const UnixServer server(directory);
  write_file(directory.file("config.yaml"), "forwardings:\n  - {listen: 'unix:" + directory.file("noisy") +
                                                "', connect: '" + refusing.address.text() +
                                                "'}\n  - {listen: 'unix:" + directory.file("quiet") + "', connect: '" +
                                                server.address.text() + "'}\n");
  Process process = start_into(fifo, directory.file("config.yaml"));
  const net::Address quiet = *net::Address::unix_name(directory.file("quiet"));
  ASSERT_TRUE(eventually([&] { return net::connect_unix(quiet, {}).has_value(); }));
  server.accept().close();  // the connection that showed that it listens
  const Descriptor innocent = connect_to(quiet);
  const Descriptor upstream = server.accept();
  for (std::size_t session = 0; session < kSessions; ++session) {
    const Descriptor client = connect_to(*net::Address::unix_name(directory.file("noisy")));
    const Descriptor taken = refusing.accept();
    std::vector<Descriptor> files;
    files.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(net::send_with_descriptors(client.get(), std::as_bytes(std::span(std::string_view("x"))), files), 1);
    read_to_end(client);
    send_all(innocent, "?");
    char byte = 0;
    ASSERT_EQ(::read(upstream.get(), &byte, 1), 1);
  }
  const std::string told = read_available(reader);
  process.signal(SIGTERM);
  ::shutdown(innocent.get(), SHUT_WR);
  ::shutdown(upstream.get(), SHUT_WR);
  std::string rest;
  EXPECT_TRUE(eventually([&] {
    rest += read_available(reader);
    return !process.running();
  }));
  EXPECT_EQ(process.wait(), 0);
  rest += read_available(reader);
  EXPECT_NE(rest.find("stopped: "), std::string::npos) << rest;
  std::size_t warned = 0;
  const std::string all = told + rest;
  for (std::size_t at = 0; (at = all.find("file descriptors could not be passed on", at)) != std::string::npos; ++at)
    ++warned;
  EXPECT_GE(warned, 1U) << all;
  EXPECT_LT(warned * 100, kSessions) << "throttled";
}

}  // namespace
}  // namespace lastbyte::system_test
