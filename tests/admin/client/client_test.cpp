// Tests how the running instance is found, and which answers are complete.
#include "admin/client/client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <filesystem>
#include <thread>

#include "base/descriptor.h"
#include "net/address/address.h"

namespace lastbyte::admin {
namespace {

TEST(Instances, the_one_that_runs_is_meant) {
  EXPECT_EQ(*choose({.places = {"/run/lastbyte"}, .running = {"/run/lastbyte/admin-1.sock"}, .denied = {"/x"}}),
            "/run/lastbyte/admin-1.sock");
}

TEST(Instances, none_and_several_are_said_with_what_to_do) {
  EXPECT_EQ(choose({.places = {"/a", "/b"}}).error().text(),
            "find a running lastbyte: no instance has its administration in /a or /b; expected --socket with the path "
            "of admin.listen");
  EXPECT_EQ(choose({.places = {"/a"}, .running = {"/a/1", "/a/2"}}).error().text(),
            "find a running lastbyte: 2 run: /a/1, /a/2; expected --socket with one of them");
  EXPECT_EQ(choose({.places = {"/a"}, .denied = {"/a/1"}}).error().text(),
            "find a running lastbyte: Permission denied (EACCES): only root and the instance's user may use /a/1");
  EXPECT_NE(choose({}).error().text().find("XDG_RUNTIME_DIR"), std::string::npos);
}

TEST(ClientAnswer, only_a_whole_one_is_taken) {
  const auto whole = parse_answer("/s", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->status, 200);
  EXPECT_EQ(whole->body, "ok");
  EXPECT_EQ(parse_answer("/s", "HTTP/1.1 204 No\r\n\r\n")->body, "");
  const auto cut_off = parse_answer("/s", "HTTP/1.1 200 OK\r\ncontent-length: 4711\r\n\r\nok");
  ASSERT_FALSE(cut_off);
  EXPECT_NE(cut_off.error().text().find("the connection ended after 2 of 4711 bytes"), std::string::npos)
      << cut_off.error().text();
  for (const char* text : {"", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 2", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\n",
                           "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"})
    EXPECT_FALSE(parse_answer("/s", text)) << text;
}

/// A server that runs `play` with its one client.
class OneClient {
 public:
  explicit OneClient(std::function<void(int)> play) {
    directory_ = testing::TempDir() + "lastbyte-client-XXXXXX";
    EXPECT_NE(::mkdtemp(directory_.data()), nullptr);
    const auto address = net::Address::unix_name(path());
    listening_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(listening_.get(), address->data(), address->size()), 0);
    EXPECT_EQ(::listen(listening_.get(), 1), 0);
    thread_ = std::thread([this, play = std::move(play)] {
      const Descriptor client(::accept(listening_.get(), nullptr, nullptr));
      play(client.get());
    });
  }
  ~OneClient() {
    thread_.join();
    std::filesystem::remove_all(directory_);
  }
  [[nodiscard]] std::string path() const { return directory_ + "/admin.sock"; }

 private:
  std::string directory_;
  Descriptor listening_;
  std::thread thread_;
};

void wait_for_end(int fd) {
  char byte = 0;
  while (::recv(fd, &byte, 1, 0) > 0) {
  }
}

TEST(Ask, a_server_that_never_answers_is_given_up_in_time) {
  OneClient silent([](int fd) { wait_for_end(fd); });
  const auto answer = ask(silent.path(), {.target = "/"}, std::chrono::milliseconds(50));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ETIMEDOUT);
}

TEST(Ask, a_server_that_answers_byte_by_byte_is_given_up_in_time) {
  OneClient slow([](int fd) {
    while (::send(fd, "x", 1, MSG_NOSIGNAL) == 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  const auto answer = ask(slow.path(), {.target = "/"}, std::chrono::milliseconds(50));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ETIMEDOUT);
}

TEST(Ask, a_server_that_answers_without_an_end_is_given_up) {
  OneClient endless([](int fd) {
    const std::string much(1 << 20, 'x');
    while (::send(fd, much.data(), much.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  const auto answer = ask(endless.path(), {.target = "/"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, EMSGSIZE);
}

TEST(Ask, a_socket_that_is_not_there_is_said) {
  const auto answer = ask("/nonexistent/admin.sock", {.target = "/"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().text(),
            "connect to the administration at unix:/nonexistent/admin.sock: No such file or directory (ENOENT)");
  EXPECT_EQ(*find_socket("unix:/a/b"), "/a/b");
  EXPECT_EQ(*find_socket("/a/b"), "/a/b");
}

}  // namespace
}  // namespace lastbyte::admin
