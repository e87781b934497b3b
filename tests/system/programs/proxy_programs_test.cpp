// The PROXY protocol between lastbyte and HAProxy, nginx and curl, as senders and as receivers.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/harness/greeting.h"
#include "tests/harness/program_server.h"

namespace lastbyte::system_test {
namespace {

constexpr const char* kStreamModule = "/usr/lib/nginx/modules/ngx_stream_module.so";

class ProxyPrograms : public NeedsPrograms {
 protected:
  ProxyPrograms() : NeedsPrograms({"haproxy", "nginx", "curl"}) {}
  void SetUp() override {
    NeedsPrograms::SetUp();
    if (!std::filesystem::exists(kStreamModule)) GTEST_SKIP() << "nginx's stream module is not installed";
  }

  /// HAProxy with one frontend: `bind` follows its address, `rest` follows below.
  [[nodiscard]] ProgramServer haproxy(const std::string& bind, const std::string& rest) const {
    return ProgramServer([&](std::uint16_t port) {
      write_file(files_.file("haproxy.cfg"),
                 "global\n  maxconn 50\n"
                 "defaults\n  timeout connect 30s\n  timeout client 30s\n  timeout server 30s\n"
                 "  unique-id-format id-%cp\n"
                 "listen all\n  bind 127.0.0.1:" +
                     std::to_string(port) + " " + bind + "\n" + rest);
      return Command{.arguments = {"haproxy", "-db", "-f", files_.file("haproxy.cfg")}};
    });
  }
  /// nginx with one block of that kind: "http" or "stream".
  [[nodiscard]] ProgramServer nginx(const std::string& kind, const std::string& listen, const std::string& rest) const {
    return ProgramServer([&](std::uint16_t port) {
      std::string temporary;
      if (kind == "http") {
        temporary = "access_log off;";
        for (const char* each : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
          temporary += std::string(each) + "_temp_path " + files_.file(each) + ";";
      }
      write_file(files_.file("nginx.conf"),
                 std::string("load_module ") + kStreamModule + "; daemon off; master_process off; pid " +
                     files_.file("pid") + ";\nevents { worker_connections 64; }\n" + kind + " { " + temporary +
                     " server { listen 127.0.0.1:" + std::to_string(port) + " " + listen + "; " + rest + " } }\n");
      return Command{.arguments = {"nginx", "-e", files_.file("error.log"), "-c", files_.file("nginx.conf")}};
    });
  }
  [[nodiscard]] static std::string curl(const net::Address& to, const std::vector<std::string>& more = {}) {
    Command command{.arguments = {"curl", "-q", "-sS", "--noproxy", "*", "http://" + to.text() + "/"}};
    command.arguments.insert(command.arguments.end(), more.begin(), more.end());
    return output_of(command);
  }

  TemporaryDirectory files_;
};

/// Answers with the client's address and port from the header.
constexpr const char* kHaproxyTells =
    "  mode http\n  http-request return status 200 content-type text/plain lf-string \"%[src]:%[src_port]\"\n";
constexpr const char* kNginxTells = "return 200 \"$proxy_protocol_addr:$proxy_protocol_port\";";

class EveryVersion : public ProxyPrograms, public ::testing::WithParamInterface<const char*> {
 protected:
  /// Expects that a receiver of our headers reports the same client as our record.
  static void expect_told(const net::Address& receiver) {
    Proxy proxy(receiver, {"--upstream-proxy-protocol", GetParam()});
    const std::string told = curl(proxy.address());
    const Record record = proxy.record();
    EXPECT_EQ(told, record.client.address) << record.line;
  }
};

TEST_P(EveryVersion, is_read_by_haproxy) { expect_told(haproxy("accept-proxy", kHaproxyTells).address()); }

TEST_P(EveryVersion, is_read_by_nginx) { expect_told(nginx("http", "proxy_protocol", kNginxTells).address()); }

INSTANTIATE_TEST_SUITE_P(ProxyProtocol, EveryVersion, ::testing::Values("v1", "v2"),
                         [](const auto& tested) { return std::string(tested.param); });

/// A server behind a lastbyte that requires a header.
class Receiving : public ProxyPrograms {
 protected:
  void SetUp() override {
    ProxyPrograms::SetUp();
    if (IsSkipped()) return;
    server_.emplace(nginx("http", "", "location / { return 200 served; }"));
    proxy_.emplace(server_->address(), Flags{"--client-proxy-protocol", "required"});
  }
  void expect_told(const std::string& version) {
    const Record record = proxy_->record();
    EXPECT_EQ(record.proxy_header, version) << record.line;
    EXPECT_TRUE(record.client.address.starts_with("127.0.0.1:")) << record.line;
    EXPECT_TRUE(record.via.starts_with("127.0.0.1:")) << record.line;
    EXPECT_NE(record.via, record.client.address) << record.line;
  }
  [[nodiscard]] std::string to() const { return proxy_->address().text(); }

  std::optional<ProgramServer> server_;
  std::optional<Proxy> proxy_;
};

TEST_F(Receiving, version_1_of_haproxy) {
  EXPECT_EQ(curl(haproxy("", "  mode tcp\n  server s " + to() + " send-proxy\n").address()), "served");
  expect_told("v1");
}

TEST_F(Receiving, version_2_of_haproxy_with_its_unique_id) {
  const ProgramServer sender =
      haproxy("", "  mode tcp\n  server s " + to() + " send-proxy-v2 proxy-v2-options crc32c,unique-id\n");
  EXPECT_EQ(curl(sender.address()), "served");
  expect_told("v2");
  const Record record = proxy_->record();
  EXPECT_EQ("127.0.0.1:" + record.unique_id.substr(3), record.client.address) << record.line;
}

TEST_F(Receiving, health_checks_of_haproxy_are_served_as_its_own) {
  const ProgramServer sender =
      haproxy("", "  mode http\n  option httpchk GET /\n  server s " + to() + " check inter 100 send-proxy-v2\n");
  ASSERT_TRUE(eventually([&] { return !proxy_->records_so_far().empty(); }));
  const Record record = proxy_->records_so_far().front();
  EXPECT_EQ(record.proxy_header, "v2") << record.line;
  EXPECT_EQ(record.via, "") << "LOCAL: it speaks for itself: " << record.line;
  EXPECT_GT(record.upstream.received, 0U) << record.line;
}

TEST_F(Receiving, version_1_of_nginx) {
  EXPECT_EQ(curl(nginx("stream", "", "proxy_protocol on; proxy_pass " + to() + ";").address()), "served");
  expect_told("v1");
}

TEST_F(Receiving, version_1_of_curl) {
  EXPECT_EQ(curl(proxy_->address(), {"--haproxy-protocol"}), "served");
  const Record record = proxy_->record();
  EXPECT_EQ(record.proxy_header, "v1") << record.line;
  EXPECT_EQ(record.via, record.client.address) << "curl tells its own: " << record.line;
}

}  // namespace
}  // namespace lastbyte::system_test
