// PROXY protocol headers at the beginning of a scripted peer's connection.
#include "peers/header.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>

#include "base/descriptor.h"

namespace lastbyte::peers {
namespace {

using net::proxy_protocol::Version;

class Header : public ::testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> pair{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()), 0);
    ours_ = Descriptor(pair[0]);
    theirs_ = Descriptor(pair[1]);
  }

  void send(const std::string& bytes) const {
    ASSERT_EQ(::send(theirs_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  Observed take(Version version, Duration limit = Duration(5000)) {
    Observed seen;
    Wakeup wakeup;
    const std::atomic<bool> stopped = false;
    take_header(ours_.get(), version, wakeup, stopped, Clock::now(), Clock::now() + limit, seen);
    return seen;
  }
  [[nodiscard]] std::string rest() const {
    std::array<char, 100> buffer{};
    const ssize_t got = ::recv(ours_.get(), buffer.data(), buffer.size(), 0);
    return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }

  Descriptor ours_;
  Descriptor theirs_;
};

TEST_F(Header, is_taken_without_the_bytes_behind_it) {
  for (const Version version : {Version::v1, Version::v2}) {
    send(header_of(version) + "and more");
    const Observed seen = take(version);
    EXPECT_TRUE(seen.header) << seen.header_failure;
    EXPECT_EQ(seen.header_failure, "");
    EXPECT_EQ(seen.told, told_by_clients());
    EXPECT_EQ(rest(), "and more");
  }
}

TEST_F(Header, may_come_in_parts) {
  const std::string header = header_of(Version::v1);
  send(header.substr(0, 9));
  std::thread later([&] {
    std::this_thread::sleep_for(Duration(30));
    send(header.substr(9));
  });
  EXPECT_TRUE(take(Version::v1).header);
  later.join();
}

TEST_F(Header, of_the_other_version_is_reported) {
  send(header_of(Version::v1));
  EXPECT_EQ(take(Version::v2).header_failure, "it has version 1; expected version 2");
}

TEST_F(Header, what_is_none_is_reported_and_left_to_the_script) {
  send("GET / HTTP/1.1\r\n");
  const Observed seen = take(Version::v1);
  EXPECT_FALSE(seen.header);
  EXPECT_NE(seen.header_failure, "");
  EXPECT_EQ(rest(), "GET / HTTP/1.1\r\n");
}

TEST_F(Header, an_end_or_a_failure_before_it_is_reported) {
  EXPECT_EQ(take(Version::v1, Duration(20)).header_failure, "the header did not arrive in time");
  send("PROXY");
  theirs_.close();
  EXPECT_NE(take(Version::v1, Duration(20)).header_failure, "");
  SetUp();
  theirs_.close();
  EXPECT_EQ(take(Version::v1).header_failure, "the connection ended before the header");
  SetUp();
  ASSERT_EQ(::send(ours_.get(), "x", 1, 0), 1);
  theirs_.close();  // with unread input
  const Observed failed = take(Version::v1);
  EXPECT_EQ(failed.header_failure, "the connection failed before the header, ECONNRESET");
  EXPECT_EQ(failed.error, ECONNRESET);
}

}  // namespace
}  // namespace lastbyte::peers
