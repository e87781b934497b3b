// Programs by other authors over UNIX sockets (T14): socat, nc, Redis, curl and nginx.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/harness/program_server.h"
#include "tests/harness/proxy.h"

namespace lastbyte::system_test {
namespace {

/// A proxy between a path and a server at another path.
class OverUnix : public NeedsPrograms {
 protected:
  explicit OverUnix(std::vector<std::string> programs) : NeedsPrograms(std::move(programs)) {}

  void start(const std::vector<std::string>& server) {
    server_ = std::make_unique<Process>(Command{.arguments = server});
    ASSERT_TRUE(eventually([&] { return std::filesystem::is_socket(upstream_) || !server_->running(); }));
    ASSERT_TRUE(server_->running()) << server_->err();
    proxy_ = std::make_unique<Proxy>(*net::Address::unix_name(upstream_), Proxy::Options{.listen = "unix:" + path_});
  }
  void expect_complete(std::size_t sessions) {
    for (const Record& record : proxy_->records(sessions)) EXPECT_TRUE(record.complete) << record.line;
  }

  TemporaryDirectory files_;
  std::string upstream_ = files_.file("server.sock");
  std::string path_ = files_.file("proxy.sock");
  std::unique_ptr<Process> server_;
  std::unique_ptr<Proxy> proxy_;
};

class SocatOverUnix : public OverUnix {
 protected:
  SocatOverUnix() : OverUnix({"socat", "nc", "sha256sum"}) {}
};

TEST_F(SocatOverUnix, T1_the_answer_to_an_upload_of5_mb_that_ends_in_a_half_close) {
  // sha256sum answers after its input has ended.
  start({"socat", "UNIX-LISTEN:" + upstream_ + ",fork", "EXEC:sha256sum"});
  const std::string upload = payload(5 << 20);
  const std::string right = output_of({.arguments = {"sha256sum"}, .input = upload});
  EXPECT_EQ(output_of({.arguments = {"socat", "-t30", "-", "UNIX-CONNECT:" + path_}, .input = upload}), right);
  EXPECT_EQ(output_of({.arguments = {"nc", "-U", "-N", path_}, .input = upload}), right);
  expect_complete(2);
}

class RedisOverUnix : public OverUnix {
 protected:
  RedisOverUnix() : OverUnix({"redis-server", "redis-cli"}) {}
};

TEST_F(RedisOverUnix, T1_a_pipelined_load) {
  start({"redis-server", "--port", "0", "--unixsocket", upstream_, "--save", "", "--appendonly", "no", "--dir",
         files_.path()});
  std::string commands;
  for (int key = 0; key < 20'000; ++key)
    commands += "SET key:" + std::to_string(key) + " " + std::string(64, 'x') + "\r\n";
  const std::string said = output_of({.arguments = {"redis-cli", "-s", path_, "--pipe"}, .input = commands});
  EXPECT_NE(said.find("errors: 0, replies: 20000"), std::string::npos) << said;
  EXPECT_EQ(output_of({.arguments = {"redis-cli", "-s", path_, "DBSIZE"}}), "20000\n");
  expect_complete(2);
}

class NginxOverUnix : public OverUnix {
 protected:
  NginxOverUnix() : OverUnix({"nginx", "curl"}) {}
};

TEST_F(NginxOverUnix, T5_an_upload_that_is_refused_still_gets_its_answer) {
  const std::string page = payload(3 << 20);
  write_file(files_.file("page"), page);
  write_file(files_.file("upload"), std::string(8 << 20, 'x'));
  write_file(files_.file("nginx.conf"),
             "daemon off; master_process off; pid " + files_.file("pid") + "; error_log stderr;\n" +
                 "events {}\nhttp { access_log off; client_max_body_size 1k; client_body_temp_path " + files_.path() +
                 "; proxy_temp_path " + files_.path() + "; fastcgi_temp_path " + files_.path() + "; uwsgi_temp_path " +
                 files_.path() + "; scgi_temp_path " + files_.path() + ";\nserver { listen unix:" + upstream_ +
                 "; root " + files_.path() + "; } }\n");
  start({"nginx", "-c", files_.file("nginx.conf"), "-p", files_.path()});
  const std::string got = output_of({.arguments = {"curl", "--silent", "--unix-socket", path_, "http://any/page"}});
  EXPECT_TRUE(same_bytes(got, page));
  const std::string status =
      output_of({.arguments = {"curl", "--silent", "--output", files_.file("answer"), "--write-out", "%{http_code}",
                               "--header", "Expect:", "--unix-socket", path_, "--data-binary",
                               "@" + files_.file("upload"), "http://any/page"}});
  EXPECT_EQ(status, "413");
}

}  // namespace
}  // namespace lastbyte::system_test
