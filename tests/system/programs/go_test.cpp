// Go programs through the proxy: Go half-closes explicitly, by CloseWrite.
#include <gtest/gtest.h>

#include "tests/harness/program_server.h"
#include "tests/harness/proxy.h"

namespace lastbyte::system_test {
namespace {

constexpr const char* kBytes = "32000003";
/// The rude server's answer, head and body.
constexpr std::uint64_t kAnswer = 50'076;

class Go : public NeedsPrograms {
 protected:
  explicit Go(std::vector<std::string> more = {})
      : NeedsPrograms([&] {
          more.emplace_back("go");
          return more;
        }()) {}

  void SetUp() override {
    NeedsPrograms::SetUp();
    if (IsSkipped()) return;
    const std::string source = SYSTEM_TEST_SOURCES "/go/halfclose.go";
    output_of({.arguments = {"go", "build", "-o", program(), source},
               .environment = {"HOME=" + directory_.path(), "GOCACHE=" + directory_.file("cache"),
                               "GOPATH=" + directory_.file("path"), "GOFLAGS=-mod=mod", "GOPROXY=off",
                               "GOTOOLCHAIN=local", "GOTELEMETRY=off"}});
  }

  /// Starts a server. Its first line is its address.
  net::Address serve(const std::string& mode) {
    server_ = std::make_unique<Process>(Command{.arguments = {program(), mode}});
    EXPECT_TRUE(eventually([this] { return server_->out().ends_with('\n'); })) << server_->err();
    const std::string said = server_->out();
    const auto colon = said.rfind(':');
    const auto port = static_cast<std::uint16_t>(colon == std::string::npos ? 0 : std::stoi(said.substr(colon + 1)));
    return *net::Address::parse("127.0.0.1", port);
  }

  std::string client(const std::string& mode, const net::Address& to) {
    return output_of({.arguments = {program(), mode, to.text(), kBytes}});
  }

  /// Expects that the data came back after the half-close.
  void expect_echo(const net::Address& through) {
    const std::string said = client("client", through);
    const auto second = said.find("received ");
    ASSERT_NE(second, std::string::npos) << said;
    EXPECT_TRUE(said.starts_with("sent " + std::string(kBytes) + " ")) << said;
    EXPECT_EQ("received " + said.substr(5, second - 5), said.substr(second)) << said;
  }

  void expect_refusals(const net::Address& through, int times) {
    for (int each = 0; each < times; ++each)
      EXPECT_EQ(client("upload", through), "HTTP/1.1 413 Payload Too Large\n" + std::to_string(kAnswer) + "\n");
  }

 private:
  std::string program() const { return directory_.file("halfclose"); }

  TemporaryDirectory directory_;
  std::unique_ptr<Process> server_;
};

TEST_F(Go, T1_close_write_on_both_sides) {
  Proxy proxy(serve("echo"));
  expect_echo(proxy.address());
  const Record record = proxy.record();
  EXPECT_TRUE(record.complete) << record.line;
  EXPECT_EQ(record.first_side, "client") << record.line;
}

TEST_F(Go, T1_close_write_through_two_in_a_row) {
  Proxy near_server(serve("echo"));
  Proxy near_client(near_server.address());
  expect_echo(near_client.address());
  EXPECT_TRUE(near_client.record().complete);
  EXPECT_TRUE(near_server.record().complete);
}

// The server closes with unread input, which sends a reset right after the answer. A forwarder without lingering loses
// the answer.
TEST_F(Go, T5_the_answer_of_a_server_that_closes_with_the_upload_unread_is_rescued) {
  constexpr std::size_t kTimes = 100;
  Proxy proxy(serve("rude"));
  expect_refusals(proxy.address(), kTimes);
  for (const Record& record : proxy.records(kTimes)) {
    EXPECT_EQ(record.upstream.received, kAnswer) << record.line;
    EXPECT_EQ(record.upstream.delivered, kAnswer) << record.line;
  }
}

TEST_F(Go, T5_the_answer_of_a_server_that_half_closes_before_it_is_a_complete_one) {
  constexpr std::size_t kTimes = 30;
  Proxy proxy(serve("curt"));
  expect_refusals(proxy.address(), kTimes);
  for (const Record& record : proxy.records(kTimes)) {
    EXPECT_EQ(record.upstream.delivered, kAnswer) << record.line;
    EXPECT_NE(record.upstream.end, "reset") << record.line;
  }
}

TEST_F(Go, T5_the_answer_is_rescued_through_two_in_a_row) {
  Proxy near_server(serve("rude"));
  Proxy near_client(near_server.address());
  expect_refusals(near_client.address(), 30);
}

class GoAndCurl : public Go {
 protected:
  GoAndCurl() : Go({"curl"}) {}
};

// If curl's send() meets a reset, curl does not read what came before. The server here half-closes, so no reset must be
// passed on.
TEST_F(GoAndCurl, T5_the_answer_reaches_curl_as_well) {
  Proxy proxy(serve("curt"));
  const TemporaryDirectory directory;
  write_file(directory.file("upload"), payload(std::stoul(kBytes)));
  for (int each = 0; each < 20; ++each) {
    // curl may or may not report its incomplete upload.
    Process curl(
        {.arguments = {"curl", "-q", "-sS", "--noproxy", "*", "-o", "/dev/null", "-w", "%{http_code} %{size_download}",
                       "-H", "Expect:", "-T", directory.file("upload"), "http://" + proxy.address().text() + "/"}});
    EXPECT_TRUE(curl.wait());
    EXPECT_EQ(curl.out(), "413 50000") << curl.err();
  }
}

}  // namespace
}  // namespace lastbyte::system_test
