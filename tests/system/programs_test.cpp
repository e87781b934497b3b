// Real programs through the proxy.
#include <gtest/gtest.h>
#include <signal.h>

#include <span>

#include "check/payload.h"
#include "crowd.h"
#include "proxy.h"
#include "servers.h"

namespace lastbyte::system_test {
namespace {

/// Bytes that no program guesses.
std::string noise(std::size_t count) {
  std::string text(count, '\0');
  check::Payload(7).fill(0, std::as_writable_bytes(std::span(text)));
  return text;
}

void expect_same(const std::string& got, const std::string& wanted) {
  EXPECT_EQ(got.size(), wanted.size());
  EXPECT_TRUE(got == wanted) << "the bytes differ";
}

std::string port_of(const Proxy& proxy) { return std::to_string(proxy.address().port()); }
std::string url_of(const Proxy& proxy, const std::string& path) { return "http://" + proxy.address().text() + path; }

/// Skips the test of whoever needs a program that is not here, and says which.
class WithPrograms : public ::testing::Test {
 protected:
  explicit WithPrograms(std::vector<std::string> programs) : programs_(std::move(programs)) {}
  void SetUp() override {
    for (const std::string& program : programs_)
      if (find_program(program).empty()) GTEST_SKIP() << program << " is not installed";
  }

 private:
  std::vector<std::string> programs_;
};

class Netcat : public WithPrograms {
 protected:
  Netcat() : WithPrograms({"nc"}) {}
};
class Socat : public WithPrograms {
 protected:
  Socat() : WithPrograms({"socat", "wc"}) {}
};
class Go : public WithPrograms {
 protected:
  Go() : WithPrograms({"go"}) {}
};

TEST_F(Netcat, HalfClosesAndGetsTheAnswer) {
  EchoServer server;
  Proxy proxy(server.address());
  const std::string text = noise(3'000'000);
  expect_same(output_of({.arguments = {"nc", "-N", "127.0.0.1", port_of(proxy)}, .input = text}), text);
  EXPECT_TRUE(proxy.record().complete);
}

TEST_F(Socat, ACommandThatNeedsTheEndOfItsInputAnswers) {
  const RunningServer server = start_socat("wc -c");
  Proxy proxy(server.address);
  const std::string answer =
      output_of({.arguments = {"socat", "-t30", "-", "TCP4:" + proxy.address().text()}, .input = noise(20'000'000)});
  EXPECT_EQ(answer, "20000000\n");
  EXPECT_TRUE(proxy.record().complete);
}

class Http : public WithPrograms {
 protected:
  Http() : WithPrograms({"curl", "nginx"}) {}

  static Command curl(std::vector<std::string> arguments) {
    // Without --fail: what the server says is the answer, whatever it says.
    const std::vector<std::string> always{"curl", "-sS", "--max-time", "60", "--noproxy", "*"};
    arguments.insert(arguments.begin(), always.begin(), always.end());
    return {.arguments = std::move(arguments)};
  }

  /// Uploads far more than nginx is ready to take, without asking first, and expects to be told.
  static void expect_413(const Proxy& proxy, int rounds) {
    TemporaryDirectory directory;
    write_file(directory.file("upload"), noise(20'000'000));
    int told = 0;
    for (int round = 0; round < rounds; ++round) {
      Process process(curl({"-T", directory.file("upload"), "-H", "Expect:", "-o", "/dev/null", "-w", "%{http_code}",
                            url_of(proxy, "/upload")}));
      process.wait();
      // The status is curl's own verdict on the rest of the upload; what counts is that the answer came.
      told += process.out() == "413" ? 1 : 0;
      EXPECT_EQ(process.out(), "413") << process.err();
    }
    EXPECT_EQ(told, rounds);
  }
};

TEST_F(Http, LargeBodiesGoBothWays) {
  const RunningServer nginx = start_nginx("1g");
  Proxy proxy(nginx.address);
  TemporaryDirectory directory;
  const std::string body = noise(50'000'000);
  write_file(directory.file("up"), body);
  EXPECT_EQ(
      output_of(curl({"-T", directory.file("up"), "-o", "/dev/null", "-w", "%{http_code}", url_of(proxy, "/file")})),
      "201");
  expect_same(read_file(nginx.directory->path() + "/root/file"), body);
  output_of(curl({"-o", directory.file("down"), url_of(proxy, "/file")}));
  expect_same(read_file(directory.file("down")), body);
}

TEST_F(Http, AnEarly413ReachesTheClientThatUploads) {
  const RunningServer nginx = start_nginx("1k");
  Proxy proxy(nginx.address);
  expect_413(proxy, 20);
}

TEST_F(Http, AnEarly413ReachesTheClientEvenWhereTheServerDoesNotLinger) {
  const RunningServer nginx = start_nginx("1k", "lingering_close off;");
  Proxy proxy(nginx.address);
  expect_413(proxy, 20);
}

TEST_F(Http, GoesThroughTwoInARow) {
  const RunningServer nginx = start_nginx("1k");
  const std::string body = noise(10'000'000);
  write_file(nginx.directory->path() + "/root/file", body);
  Proxy inner(nginx.address);
  Proxy outer(inner.address());
  TemporaryDirectory directory;
  output_of(curl({"-o", directory.file("down"), url_of(outer, "/file")}));
  expect_same(read_file(directory.file("down")), body);
  expect_413(outer, 20);
  // What the outer one passes on, the inner one did (T1, T4).
  outer.records(21);
  inner.records(21);
}

TEST_F(Http, ManyRequestsOnOneConnection) {
  const RunningServer nginx = start_nginx("1k");
  write_file(nginx.directory->path() + "/root/small", "hello\n");
  Proxy proxy(nginx.address);
  const std::string all = output_of(curl({url_of(proxy, "/small?[1-500]")}));
  EXPECT_EQ(all.size(), 500U * 6);
  EXPECT_EQ(proxy.records(1).size(), 1U);
}

class Redis : public WithPrograms {
 protected:
  Redis() : WithPrograms({"redis-server", "redis-cli"}) {}
  static Command cli(const Proxy& proxy, std::vector<std::string> arguments, std::string input = "") {
    const std::vector<std::string> always{"redis-cli", "-h", "127.0.0.1", "-p", port_of(proxy)};
    arguments.insert(arguments.begin(), always.begin(), always.end());
    return {.arguments = std::move(arguments), .input = std::move(input)};
  }
};

TEST_F(Redis, ValuesGoBothWays) {
  const RunningServer redis = start_redis();
  Proxy proxy(redis.address);
  const std::string value = noise(5'000'000);
  EXPECT_EQ(output_of(cli(proxy, {"-x", "SET", "key"}, value)), "OK\n");
  EXPECT_EQ(output_of(cli(proxy, {"STRLEN", "key"})), "5000000\n");
  expect_same(output_of(cli(proxy, {"GET", "key"})), value + "\n");
}

TEST_F(Redis, APipelineOf20000Commands) {
  const RunningServer redis = start_redis();
  Proxy proxy(redis.address);
  std::string commands;
  for (int i = 0; i < 20'000; ++i) commands += "INCR counter\r\n";
  const std::string told = output_of(cli(proxy, {"--pipe"}, commands));
  EXPECT_NE(told.find("errors: 0, replies: 20000"), std::string::npos) << told;
  EXPECT_EQ(output_of(cli(proxy, {"GET", "counter"})), "20000\n");
}

TEST_F(Redis, AServerThatGoesAwayIsSeen) {
  const RunningServer redis = start_redis();
  Proxy proxy(redis.address);
  Process waiting(cli(proxy, {"BLPOP", "nothing", "0"}));
  EXPECT_TRUE(proxy.wait_for_sessions(1));
  EXPECT_TRUE(eventually([&] {
    return output_of({.arguments = {"redis-cli", "-p", std::to_string(redis.address.port()), "CLIENT", "LIST"}})
               .find("cmd=blpop") != std::string::npos;
  }));
  redis.process->signal(SIGKILL);
  EXPECT_TRUE(waiting.wait()) << "it still waits for a server that is gone";
  EXPECT_EQ(proxy.record().upstream.end, "fin");
}

TEST_F(Go, AClientThatUsesCloseWriteGetsEverythingBack) {
  TemporaryDirectory directory;
  output_of({.arguments = {"go", "build", "-o", directory.file("close_write"), CLOSE_WRITE_SOURCE},
             .environment = {"GOFLAGS=-mod=mod", "GO111MODULE=off", "GOCACHE=" + directory.file("cache")}});
  EchoServer server;
  Proxy proxy(server.address());
  EXPECT_EQ(output_of({.arguments = {directory.file("close_write"), proxy.address().text(), "20000000"}}),
            "20000000 bytes came back\n");
  EXPECT_TRUE(proxy.record().complete);
}

}  // namespace
}  // namespace lastbyte::system_test
