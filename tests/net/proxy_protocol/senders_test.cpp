// What HAProxy and nginx really send is what we read and, given the same addresses, what we write.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "net/proxy_protocol/header.h"
#include "net/socket/calls.h"
#include "tests/harness/loopback.h"

namespace lastbyte::net::proxy_protocol {
namespace {

namespace fs = std::filesystem;

/// Removed with all that is in it.
class Directory {
 public:
  Directory() {
    std::string form = fs::temp_directory_path() / "lastbyte-XXXXXX";
    if (::mkdtemp(form.data()) != nullptr) path_ = form;
  }
  ~Directory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  [[nodiscard]] std::string path() const { return path_; }
  [[nodiscard]] std::string write(const std::string& text) const {
    std::ofstream(path_ / "sender.conf") << text;
    return path_ / "sender.conf";
  }

 private:
  fs::path path_;
};

/// A program that runs until the object goes.
class Running {
 public:
  explicit Running(std::vector<std::string> arguments) {
    std::vector<char*> pointers;
    for (std::string& each : arguments) pointers.push_back(each.data());
    pointers.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::execv(pointers.front(), pointers.data());
    ::_exit(127);
  }
  ~Running() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  pid_t pid_ = -1;
};

/// A port that the kernel has chosen and gives to nobody else meanwhile: bound, not listening. With SO_REUSEADDR on
/// both sockets the program can bind it too (socket(7)).
class ReservedPort {
 public:
  explicit ReservedPort(int family) : socket_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const Address any = *Address::parse(family == AF_INET ? "127.0.0.1" : "::1", 0);
    if (::bind(socket_.get(), any.data(), any.size()) == 0) address_ = local_address(socket_.get());
  }
  [[nodiscard]] Address address() const { return address_; }

 private:
  Descriptor socket_;
  Address address_;
};

std::string received(const Descriptor& socket, std::string_view end) {
  std::string all;
  while (!all.ends_with(end) && (net::test::wait_for(socket.get(), POLLIN) & POLLIN) != 0) {
    std::array<char, 4096> room{};
    const ssize_t size = ::recv(socket.get(), room.data(), room.size(), 0);
    if (size <= 0) break;
    all.append(room.data(), static_cast<std::size_t>(size));
  }
  return all;
}

/// A client and what the upstream of its sender got.
struct Seen {
  Address client;
  Address sender;
  std::string bytes;
};

constexpr std::string_view kData = "early data";

Seen through(const Address& sender, const Descriptor& upstream) {
  Descriptor client;
  const bool connected = net::test::eventually([&] {
    client = Descriptor(::socket(sender.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    return ::connect(client.get(), sender.data(), sender.size()) == 0;
  });
  if (!connected) {
    ADD_FAILURE() << "the sender does not listen on " << sender.text();
    return {};
  }
  EXPECT_TRUE(net::test::send_all(client, kData));
  const Descriptor accepted = net::test::accept_one(upstream);
  return {.client = local_address(client.get()), .sender = sender, .bytes = received(accepted, kData)};
}

/// Reads the header of `seen`, and expects that it tells its addresses and that we would write the same.
Header expect_told(const Seen& seen, Version version) {
  const Parsed answer = parse(std::as_bytes(std::span(seen.bytes)));
  const auto* header = std::get_if<Header>(&answer);
  if (header == nullptr) {
    ADD_FAILURE() << "no header: " << testing::PrintToString(seen.bytes);
    return {};
  }
  EXPECT_EQ(header->version, version);
  EXPECT_EQ(header->command, Command::proxy);
  EXPECT_EQ(header->transport, Transport::stream);
  EXPECT_EQ(header->source.text(), seen.client.text());
  EXPECT_EQ(header->destination.text(), seen.sender.text());
  EXPECT_EQ(seen.bytes.substr(header->length), kData);
  const Header ours{.version = version, .source = seen.client, .destination = seen.sender, .tlvs = header->tlvs};
  EXPECT_EQ(format(ours).value_or("") + std::string(kData), seen.bytes);
  return *header;
}

class Senders : public testing::TestWithParam<int> {
 protected:
  Senders() : upstream(net::test::listener()), port(GetParam()) {}

  [[nodiscard]] std::string upstream_text() const { return local_address(upstream.get()).text(); }

  Descriptor upstream;
  ReservedPort port;
};

class Haproxy : public Senders {
 protected:
  Seen seen(const std::string& server_options) {
    const Directory directory;
    const std::string config = directory.write(
        "global\n  maxconn 20\n"
        "defaults\n  mode tcp\n  timeout connect 30s\n  timeout client 30s\n  timeout server 30s\n"
        "  unique-id-format %ci:%cp\n"
        "listen all\n  bind " +
        port.address().text() + "\n  server s " + upstream_text() + " " + server_options + "\n");
    const Running haproxy({kProgram, "-db", "-f", config});
    return through(port.address(), upstream);
  }
  void SetUp() override {
    if (!fs::exists(kProgram)) GTEST_SKIP() << "HAProxy is not installed";
    if (port.address().none()) GTEST_SKIP() << "loopback has no address of this family";
  }
  static constexpr const char* kProgram = "/usr/sbin/haproxy";
};

TEST_P(Haproxy, sends_version_1) { EXPECT_TRUE(expect_told(seen("send-proxy"), Version::v1).tlvs.empty()); }

TEST_P(Haproxy, sends_version_2) { EXPECT_TRUE(expect_told(seen("send-proxy-v2"), Version::v2).tlvs.empty()); }

TEST_P(Haproxy, sends_version_2_with_checksum_and_unique_id) {
  const Seen what = seen("send-proxy-v2 proxy-v2-options crc32c,unique-id");
  const Header header = expect_told(what, Version::v2);
  EXPECT_NE(header.find(tlv::kCrc32c), nullptr);
  const Tlv* id = header.find(tlv::kUniqueId);
  ASSERT_NE(id, nullptr);
  EXPECT_EQ(id->value, what.client.ip_text() + ":" + std::to_string(what.client.port()));
}

class Nginx : public Senders {
 protected:
  void SetUp() override {
    if (!fs::exists(kProgram) || !fs::exists(kModule)) GTEST_SKIP() << "nginx with its stream module is not installed";
    if (port.address().none()) GTEST_SKIP() << "loopback has no address of this family";
  }
  static constexpr const char* kProgram = "/usr/sbin/nginx";
  static constexpr const char* kModule = "/usr/lib/nginx/modules/ngx_stream_module.so";
};

TEST_P(Nginx, sends_version_1) {
  const Directory directory;
  const std::string config = directory.write(
      "load_module " + std::string(kModule) + ";\ndaemon off;\nmaster_process off;\nerror_log stderr;\npid " +
      directory.path() + "/pid;\nevents { worker_connections 64; }\nstream { server { listen " + port.address().text() +
      "; proxy_protocol on; proxy_pass " + upstream_text() + "; } }\n");
  const Running nginx({kProgram, "-e", "stderr", "-p", directory.path(), "-c", config});
  EXPECT_TRUE(expect_told(through(port.address(), upstream), Version::v1).tlvs.empty());
}

std::string family_name(const testing::TestParamInfo<int>& family) { return family.param == AF_INET ? "ipv4" : "ipv6"; }

INSTANTIATE_TEST_SUITE_P(Real, Haproxy, testing::Values(AF_INET, AF_INET6), family_name);
INSTANTIATE_TEST_SUITE_P(Real, Nginx, testing::Values(AF_INET, AF_INET6), family_name);

}  // namespace
}  // namespace lastbyte::net::proxy_protocol
