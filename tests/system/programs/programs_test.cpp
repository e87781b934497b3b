// Common programs through the proxy: nc, socat, curl and nginx.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/harness/program_server.h"
#include "tests/harness/proxy.h"

namespace lastbyte::system_test {
namespace {

constexpr std::size_t kLarge = 32'000'003;  // no multiple of any buffer

/// Reads the whole request before it answers: an echo after a half-close.
ProgramServer socat_server(const std::string& what) {
  return ProgramServer([&](std::uint16_t port) {
    return Command{.arguments = {"socat", "-t30", "TCP-LISTEN:" + std::to_string(port) + ",bind=127.0.0.1,fork", what}};
  });
}

/// nc sends a FIN after its input, reads the answer to its end, and ends.
std::string through_nc(const net::Address& to, const std::string& input) {
  return output_of({.arguments = {"nc", "-N", to.ip_text(), std::to_string(to.port())}, .input = input});
}

class Netcat : public NeedsPrograms {
 protected:
  Netcat() : NeedsPrograms({"nc", "socat", "sha256sum"}) {}
};

TEST_F(Netcat, T1_half_closes_and_gets_the_answer_that_comes_after_it) {
  ProgramServer server = socat_server("EXEC:sha256sum");
  Proxy proxy(server.address());
  const std::string input = payload(kLarge);
  EXPECT_EQ(through_nc(proxy.address(), input), output_of({.arguments = {"sha256sum"}, .input = input}));
  expect_complete_records(proxy, 1);
}

TEST_F(Netcat, T2_gets_all_of_an_echo) {
  ProgramServer server = socat_server("EXEC:cat");
  Proxy proxy(server.address());
  const std::string input = payload(kLarge);
  EXPECT_TRUE(same_bytes(through_nc(proxy.address(), input), input));
  expect_complete_records(proxy, 1);
}

TEST_F(Netcat, T3_that_is_done_before_the_server_is_reached_gets_its_answer) {
  ProgramServer server = socat_server("EXEC:sha256sum");
  Proxy proxy(server.address());
  const std::string sum = output_of({.arguments = {"sha256sum"}, .input = "hi"});
  for (int each = 0; each < 20; ++each) EXPECT_EQ(through_nc(proxy.address(), "hi"), sum);
  expect_complete_records(proxy, 20);
}

class Socat : public NeedsPrograms {
 protected:
  Socat() : NeedsPrograms({"socat", "sha256sum"}) {}
  static std::string run(const net::Address& to, const std::string& input) {
    return output_of({.arguments = {"socat", "-t30", "-", "TCP:" + to.text()}, .input = input});
  }
};

TEST_F(Socat, T1_on_both_sides_with_half_close) {
  ProgramServer server = socat_server("EXEC:sha256sum");
  Proxy proxy(server.address());
  const std::string input = payload(kLarge);
  EXPECT_EQ(run(proxy.address(), input), output_of({.arguments = {"sha256sum"}, .input = input}));
  expect_complete_records(proxy, 1);
}

TEST_F(Socat, T2_on_both_sides_with_an_echo) {
  ProgramServer server = socat_server("EXEC:cat");
  Proxy proxy(server.address());
  const std::string input = payload(kLarge);
  EXPECT_TRUE(same_bytes(run(proxy.address(), input), input));
  expect_complete_records(proxy, 1);
}

/// nginx that serves and stores files, with a location that refuses uploads early.
class Web : public NeedsPrograms {
 protected:
  Web() : NeedsPrograms({"nginx", "curl"}) {}

  void SetUp() override {
    NeedsPrograms::SetUp();
    if (IsSkipped()) return;
    write_file(files_.file("large"), content_);
    write_file(files_.file("page"), "hello\n");
    std::filesystem::create_directory(files_.file("up"));
    std::filesystem::create_directory(files_.file("work"));
    for (const char* each : {"up", "work"})
      std::filesystem::permissions(files_.file(each), std::filesystem::perms::all);
    std::filesystem::permissions(files_.path(), std::filesystem::perms::all);
    server_ = std::make_unique<ProgramServer>([this](std::uint16_t port) {
      write_file(files_.file("nginx.conf"), configuration(port));
      return Command{.arguments = {"nginx", "-e", files_.file("error.log"), "-c", files_.file("nginx.conf")}};
    });
  }

  std::string configuration(std::uint16_t port) const {
    const std::string work = files_.file("work");
    return "daemon off; master_process off; worker_processes 1; pid " + files_.file("pid") +
           ";\n"
           "events { worker_connections 256; }\n"
           "http { access_log off; root " +
           files_.path() + "; client_body_temp_path " + work + "/body; proxy_temp_path " + work +
           "/proxy; fastcgi_temp_path " + work + "/fastcgi; uwsgi_temp_path " + work + "/uwsgi; scgi_temp_path " +
           work + "/scgi;\n  server { listen 127.0.0.1:" + std::to_string(port) +
           ";\n"
           "    location /up/ { dav_methods PUT; client_max_body_size 0; }\n"
           "    location /small/ { client_max_body_size 1k; proxy_pass http://127.0.0.1:1; }\n"
           "  } }\n";
  }

  struct Answer {
    std::optional<int> exit;
    std::string status;
    std::string error;
    std::string body;
  };

  Answer curl(const net::Address& to, const std::string& path, const std::vector<std::string>& more = {}) {
    const TemporaryDirectory directory;
    Command command{.arguments = {"curl", "-q", "-sS", "--noproxy", "*", "-o", directory.file("body"), "-w",
                                  "%{http_code}", "http://" + to.text() + path}};
    command.arguments.insert(command.arguments.end(), more.begin(), more.end());
    Process process(command);
    Answer answer;
    answer.exit = process.wait();
    answer.status = process.out();
    answer.error = process.err();
    answer.body = read_file(directory.file("body"));
    return answer;
  }

  void expect_download(const net::Address& through) {
    const Answer answer = curl(through, "/large");
    EXPECT_EQ(answer.exit, 0) << answer.error;
    EXPECT_EQ(answer.status, "200");
    EXPECT_TRUE(same_bytes(answer.body, content_));
  }

  void expect_upload(const net::Address& through) {
    const Answer answer = curl(through, "/up/large", {"-T", files_.file("large")});
    EXPECT_EQ(answer.exit, 0) << answer.error;
    EXPECT_EQ(answer.status, "201");
    EXPECT_TRUE(same_bytes(read_file(files_.file("up/large")), content_));
  }

  /// The server answers after the request's head and closes, while most of the body is still to come.
  void expect_refusals(const net::Address& through, int times) {
    for (int each = 0; each < times; ++each) {
      const Answer answer = curl(through, "/small/large", {"-H", "Expect:", "-T", files_.file("large")});
      EXPECT_EQ(answer.status, "413") << answer.error;
      EXPECT_NE(answer.body.find("</html>"), std::string::npos) << answer.body;
    }
  }

  TemporaryDirectory files_;
  std::string content_ = payload(kLarge);
  std::unique_ptr<ProgramServer> server_;
};

TEST_F(Web, T1_a_large_body_each_way) {
  Proxy proxy(server_->address());
  expect_download(proxy.address());
  expect_upload(proxy.address());
  const auto records = proxy.records(2);
  for (const Record& record : records) EXPECT_TRUE(record.complete) << record.line;
  EXPECT_GE(records[0].upstream.delivered, kLarge);
  EXPECT_GE(records[1].client.delivered, kLarge);
}

TEST_F(Web, T2_many_at_once_in_both_directions) {
  Proxy proxy(server_->address());
  std::vector<std::string> arguments = {"curl", "-q", "--parallel"};
  const TemporaryDirectory directory;
  const std::string url = "http://" + proxy.address().text();
  constexpr int kTransfers = 6;
  for (int each = 0; each < kTransfers; ++each) {
    const std::string name = std::to_string(each);
    const std::string up = std::string(url).append("/up/").append(name);
    arguments.insert(arguments.end(), {"-sS", "--fail", "-o", directory.file(name), url + "/large", "--next"});
    arguments.insert(arguments.end(), {"-sS", "--fail", "-T", files_.file("large"), up, "--next"});
  }
  arguments.pop_back();
  output_of({.arguments = arguments, .environment = {"no_proxy=*"}});
  for (int each = 0; each < kTransfers; ++each) {
    EXPECT_TRUE(same_bytes(read_file(directory.file(std::to_string(each))), content_));
    EXPECT_TRUE(same_bytes(read_file(files_.file("up/" + std::to_string(each))), content_));
  }
}

TEST_F(Web, T6_an_early413_reaches_the_client) {
  Proxy proxy(server_->address());
  expect_refusals(proxy.address(), 20);
}

TEST_F(Web, T1_through_two_in_a_row) {
  Proxy near_server(server_->address());
  Proxy near_client(near_server.address());
  expect_download(near_client.address());
  expect_upload(near_client.address());
  expect_complete_records(near_client, 2);
  expect_complete_records(near_server, 2);
}

TEST_F(Web, T6_an_early413_through_two_in_a_row) {
  Proxy near_server(server_->address());
  Proxy near_client(near_server.address());
  expect_refusals(near_client.address(), 10);
}

}  // namespace
}  // namespace lastbyte::system_test
