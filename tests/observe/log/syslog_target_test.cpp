// Tests a log whose syslog receiver is absent, slow, restarted, or on another host.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "net/address/syslog.h"
#include "observe/log/record_log.h"
#include "observe/log/target.h"
#include "observe/record/text.h"
#include "tests/harness/eventually.h"
#include "tests/observe/record/endings.h"

namespace lastbyte::observe {
namespace {

using test::eventually;

namespace fs = std::filesystem;

/// A socket that receives syslog messages.
class Receiver {
 public:
  explicit Receiver(const net::Address& at) : fd_(::socket(at.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    EXPECT_EQ(::bind(fd_.get(), at.data(), at.size()), 0) << at.text();
  }
  static net::Address loopback() { return *net::Address::parse("127.0.0.1", 0); }

  [[nodiscard]] std::uint16_t port() const {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    EXPECT_EQ(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    return ntohs(address.sin_port);
  }
  /// Waits for the next message; the test program's time limit is the bound.
  std::string next() {
    std::array<char, 65536> buffer;
    const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    return count < 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(count));
  }
  [[nodiscard]] bool has_one() const {
    pollfd wanted{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&wanted, 1, 0) > 0;
  }

 private:
  Descriptor fd_;
};

class SyslogTarget : public testing::Test {
 protected:
  SyslogTarget() {
    std::string pattern = fs::temp_directory_path() / "lastbyte-syslog-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~SyslogTarget() override { fs::remove_all(directory_); }
  [[nodiscard]] std::string path() const { return directory_ / "log"; }
  [[nodiscard]] std::string name() const { return "syslog:unix:" + path(); }
  [[nodiscard]] net::Address address() const { return *net::Address::unix_name(path()); }
  std::unique_ptr<Receiver> start_receiver() const {
    fs::remove(path());
    return std::make_unique<Receiver>(address());
  }
  LogTarget open(const std::string& target) {
    auto opened = LogTarget::open(target);
    EXPECT_TRUE(opened) << opened.error().text();
    return std::move(*opened);
  }

  fs::path directory_;
};

TEST_F(SyslogTarget, gets_each_line_as_a_message_of_its_own) {
  auto receiver = start_receiver();
  LogTarget target = open(name());
  std::string lines;
  target.append(lines, {.when = {}, .severity = Severity::info, .kind = "message", .text = "one"});
  target.append(lines, {.when = {}, .severity = Severity::error, .kind = "message", .text = "two"});
  const auto done = target.write(lines);
  EXPECT_EQ(done.error, 0);
  EXPECT_EQ(done.bytes, lines.size());
  std::array<char, 256> host{};
  ASSERT_EQ(::gethostname(host.data(), host.size() - 1), 0);
  const std::string rest = "1 1970-01-01T00:00:00.000Z " + header_field(host.data(), 255) + " lastbyte " +
                           std::to_string(::getpid()) + " message - ";
  EXPECT_EQ(receiver->next(), "<30>" + rest + "one");
  EXPECT_EQ(receiver->next(), "<27>" + rest + "two");
}

TEST_F(SyslogTarget, may_be_absent_at_the_start_and_be_started_anew) {
  LogTarget target = open(name());
  EXPECT_EQ(target.write("a\n").error, ENOENT);
  for (int each = 0; each < 2; ++each) {
    auto receiver = start_receiver();
    EXPECT_EQ(target.write("b\n").error, 0);
    EXPECT_EQ(receiver->next(), "b");
  }
  EXPECT_EQ(target.write("c\n").error, ECONNREFUSED) << "its file still exists, but no receiver";
}

// A blocking send would wait for the receiver until the time limit ends this test.
TEST_F(SyslogTarget, that_does_not_read_is_told_by_eagain_at_the_end_of_a_message) {
  auto receiver = start_receiver();
  LogTarget target = open(name());
  std::string lines;
  for (int each = 0; each < 20000; ++each) lines += "line " + std::to_string(each) + "\n";
  const auto done = target.write(lines);
  EXPECT_EQ(done.error, EAGAIN);
  ASSERT_GT(done.bytes, 0U);
  EXPECT_EQ(lines[done.bytes - 1], '\n');
  pollfd writable{.fd = target.fd(), .events = POLLOUT, .revents = 0};
  EXPECT_EQ(::poll(&writable, 1, 0), 0) << "its descriptor can be polled";
  EXPECT_EQ(receiver->next(), "line 0");
  EXPECT_EQ(::poll(&writable, 1, -1), 1);
}

TEST_F(SyslogTarget, over_udp_counts_messages_that_its_host_refuses_and_goes_on) {
  auto receiver = std::make_unique<Receiver>(Receiver::loopback());
  const std::uint16_t port = receiver->port();
  LogTarget target = open("syslog:udp:127.0.0.1:" + std::to_string(port));
  EXPECT_EQ(target.write("one\n").refused, 0U);
  EXPECT_EQ(receiver->next(), "one");
  receiver.reset();
  // On loopback, the ICMP message has arrived when send() returns.
  EXPECT_EQ(target.write("lost\n").error, 0);
  const auto second = target.write("lost too\n");
  EXPECT_EQ(second.error, 0);
  EXPECT_EQ(second.refused, 1U);
  receiver = std::make_unique<Receiver>(*net::Address::parse("127.0.0.1", port));
  const auto third = target.write("three\n");
  EXPECT_EQ(third.error, 0);
  EXPECT_EQ(third.refused, 1U);
  EXPECT_EQ(receiver->next(), "three");
}

relay::Record long_record() {
  relay::Record record = typical_endings().front().record;
  relay::Tries tries{.group = "servers", .all = {}};
  for (std::uint16_t each = 0; each < 16; ++each)
    tries.all.push_back({.member = "member-" + std::to_string(each) + ".a-rather-long-name.example:80",
                         .address = *net::Address::parse("2001:db8::1", each),
                         .end = relay::TryEnd::failed,
                         .error = ECONNREFUSED});
  record.tries = std::make_shared<const relay::Tries>(std::move(tries));
  return record;
}

TEST_F(SyslogTarget, over_udp_gets_valid_json_of_a_record_that_is_longer_than_a_message) {
  Receiver receiver(Receiver::loopback());
  relay::RecordRing ring{16};
  auto log = RecordLog::create(*LogTarget::open("syslog:udp:127.0.0.1:" + std::to_string(receiver.port())), to_json,
                               [](const auto&) {});
  ASSERT_TRUE(log) << log.error().text();
  (*log)->start({&ring});
  const relay::Record record = long_record();
  ASSERT_GT(to_json(record).size(), kLongestToUdp);
  ring.push(typical_endings().front().record);
  ring.push(record);
  (*log)->wake();
  const std::string first = receiver.next();
  EXPECT_NE(first.find(R"( session-end [session@32473 id="1" forwarding="web" )"), std::string::npos) << first;
  EXPECT_EQ(first.find("shortened"), std::string::npos);
  const std::string second = receiver.next();
  EXPECT_LE(second.size(), kLongestToUdp);
  EXPECT_NE(second.find(R"(shortened="true"])"), std::string::npos) << second;
  const auto parsed = nlohmann::json::parse(second.substr(second.find("] {") + 2));
  EXPECT_EQ(parsed["tries"].size(), 1U);
  EXPECT_EQ(parsed["member"], "member-15.a-rather-long-name.example:80");
}

TEST_F(SyslogTarget, that_comes_back_gets_records_again_and_those_lost_are_counted_and_told) {
  relay::RecordRing ring{16};
  std::mutex mutex;
  std::vector<std::string> warnings;
  const auto told = [&](const std::string& what) {
    const std::lock_guard lock(mutex);
    return std::ranges::any_of(warnings, [&](const std::string& each) { return each.find(what) != std::string::npos; });
  };
  auto log = RecordLog::create(*LogTarget::open(name()), to_text, [&](const std::string& warning) {
    const std::lock_guard lock(mutex);
    warnings.push_back(warning);
  });
  ASSERT_TRUE(log) << log.error().text();
  (*log)->start({&ring});
  const auto push = [&] {
    ring.push(typical_endings().front().record);
    (*log)->wake();
  };
  push();
  EXPECT_TRUE(eventually([&] { return (*log)->lost() == 1; }));
  EXPECT_TRUE(eventually([&] { return told("ENOENT"); }));
  auto receiver = start_receiver();
  EXPECT_TRUE(eventually([&] {
    push();
    return receiver->has_one();
  }));
  EXPECT_TRUE(eventually([&] { return told("can be written again"); }));
}

TEST(SyslogReceiver, is_a_path_or_a_numeric_address) {
  EXPECT_EQ((*net::parse_syslog_receiver("syslog"))->text(), "unix:/dev/log");
  EXPECT_EQ((*net::parse_syslog_receiver("syslog:unix:/run/log"))->text(), "unix:/run/log");
  EXPECT_EQ((*net::parse_syslog_receiver("syslog:udp:[::1]:514"))->text(), "[::1]:514");
  for (const char* other : {"", "stderr", "/var/log/syslog", "./syslog", "syslogd"})
    EXPECT_FALSE(net::parse_syslog_receiver(other)) << other;
  for (const char* wrong : {"syslog:", "syslog:tcp:127.0.0.1:514", "syslog:udp:127.0.0.1:514-515",
                            "syslog:udp:127.0.0.1:0", "syslog:unix:@log", "syslog:udp:logs.example:514"})
    EXPECT_FALSE(*net::parse_syslog_receiver(wrong)) << wrong;
}

}  // namespace
}  // namespace lastbyte::observe
