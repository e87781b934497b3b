#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

#include "tests/sock/running.h"

namespace lastbyte::sock::test {
namespace {

/// A path in a directory that is removed with the test.
class UnixSocket : public testing::Test {
 protected:
  UnixSocket() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lastbyte-sock-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~UnixSocket() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::string path() const { return directory_ / "socket"; }

 private:
  std::filesystem::path directory_;
};

TEST_F(UnixSocket, carries_both_ways_and_leaves_no_file) {
  Running server("-s -v -m echo -U " + path());
  EXPECT_EQ(server.address(), path());
  Running client("-N -U " + path());
  client.type("over a path");
  client.end_input();
  EXPECT_EQ(client.whole_output(), "over a path");
  EXPECT_EQ(server.status(), kExitOk);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(UnixSocket, an_abstract_name_needs_no_file) {
  const auto name = "@lastbyte-sock-" + std::to_string(::getpid());
  Running server("-s -v -m echo -U " + name);
  EXPECT_EQ(server.address(), name);
  Running client("-N -U " + name);
  client.type("abstract");
  client.end_input();
  EXPECT_EQ(client.whole_output(), "abstract");
}

TEST_F(UnixSocket, much_data_comes_whole) {
  const auto much = noise(2'000'000);
  Running server("-s -v -m echo -U " + path());
  EXPECT_EQ(server.address(), path());
  Running client("-N -U " + path());
  client.type(much);
  client.end_input();
  EXPECT_TRUE(client.whole_output() == much);
}

TEST_F(UnixSocket, a_dead_sockets_file_is_replaced_only_when_asked) {
  {
    const Descriptor dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  Running plain("-s -U " + path());
  EXPECT_EQ(plain.status(), kExitFailed);
  EXPECT_NE(plain.whole_errors().find("-A replaces"), std::string::npos) << plain.whole_errors();
  Running replacing("-s -A -v -U " + path());
  EXPECT_EQ(replacing.address(), path());
}

TEST_F(UnixSocket, a_living_sockets_file_is_never_replaced) {
  Running first("-s -v -U " + path());
  EXPECT_EQ(first.address(), path());
  Running second("-s -A -U " + path());
  EXPECT_EQ(second.status(), kExitFailed);
  Running client("-N -U " + path());
  client.type("undisturbed");
  client.end_input();
  first.end_input();
  EXPECT_EQ(first.whole_output(), "undisturbed");
}

TEST_F(UnixSocket, a_file_that_is_no_socket_is_never_replaced) {
  {
    const Descriptor file(::creat(path().c_str(), 0600));
  }
  Running server("-s -A -U " + path());
  EXPECT_EQ(server.status(), kExitFailed);
  EXPECT_TRUE(std::filesystem::is_regular_file(path()));
}

TEST_F(UnixSocket, close_with_unread_input_resets_here_too) {
  Running server("-s -v --no-read --at-eof=close -U " + path());
  EXPECT_EQ(server.address(), path());
  Running client("-v -U " + path());
  client.type("never read");
  EXPECT_TRUE(client.errors().wait_for("send("));
  EXPECT_TRUE(server.errors().wait_for("accept("));
  server.end_input();
  EXPECT_EQ(client.status(), kExitFailed);
  EXPECT_NE(client.whole_errors().find("ECONNRESET"), std::string::npos) << client.whole_errors();
}

}  // namespace
}  // namespace lastbyte::sock::test
