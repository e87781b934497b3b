// T14: what is at a path is replaced only where it is the socket of nobody.
#include "net/unix/listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "net/socket/calls.h"
#include "net/unix/stream.h"
#include "tests/harness/loopback.h"

namespace lastbyte::net::test {
namespace {

namespace fs = std::filesystem;

class UnixListening : public ::testing::Test {
 protected:
  UnixListening() {
    std::string name = fs::temp_directory_path() / "lastbyte-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  ~UnixListening() override { fs::remove_all(directory_); }

  [[nodiscard]] std::string path(const std::string& name = "socket") const { return directory_ / name; }
  [[nodiscard]] Address address() const { return *Address::unix_name(path()); }
  Result<UnixListener> listen(const UnixFile& file = {}) {
    ListenOptions options;
    options.unix_file = file;
    return listen_unix(address(), options);
  }
  void leave_a_socket_of_nobody() {
    const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(socket.get(), address().data(), address().size()), 0);
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory_), fs::directory_iterator()));
  }
  [[nodiscard]] bool can_connect() const { return connect_unix(address(), {}).has_value(); }
  [[nodiscard]] struct stat status() const {
    struct stat status{};
    EXPECT_EQ(::lstat(path().c_str(), &status), 0);
    return status;
  }

  fs::path directory_;
};

TEST_F(UnixListening, listens_at_a_path_and_removes_it_in_the_end) {
  {
    const auto made = listen();
    ASSERT_TRUE(made) << made.error().text();
    EXPECT_TRUE(can_connect());
    EXPECT_EQ(local_address(made->socket.get()), address());
  }
  EXPECT_EQ(files(), 0U);
}

TEST_F(UnixListening, listens_on_an_abstract_name_once) {
  const Address name = *Address::unix_name("@lastbyte-test-" + std::to_string(::getpid()));
  const auto made = listen_unix(name, {});
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_TRUE(connect_unix(name, {}));
  const auto again = listen_unix(name, {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, EADDRINUSE);
  EXPECT_EQ(again.error().detail, "another socket has this name already");
}

TEST_F(UnixListening, a_socket_of_nobody_is_replaced_and_nothing_stays_behind) {
  leave_a_socket_of_nobody();
  const auto made = listen();
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_TRUE(can_connect());
  EXPECT_EQ(files(), 1U);
}

TEST_F(UnixListening, the_path_is_never_missing_while_it_is_replaced) {
  leave_a_socket_of_nobody();
  const Descriptor watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  ASSERT_GE(::inotify_add_watch(watch.get(), directory_.c_str(), IN_DELETE | IN_MOVED_TO), 0);
  const auto made = listen();
  ASSERT_TRUE(made) << made.error().text();
  alignas(inotify_event) std::array<char, 4096> events{};
  const ssize_t got = ::read(watch.get(), events.data(), events.size());
  bool deleted = false;
  for (ssize_t at = 0; at < got;) {
    const auto* event = reinterpret_cast<const inotify_event*>(events.data() + at);
    deleted = deleted || ((event->mask & IN_DELETE) != 0 && std::string(event->name) == "socket");
    at += static_cast<ssize_t>(sizeof *event + event->len);
  }
  EXPECT_FALSE(deleted);
}

TEST_F(UnixListening, the_socket_of_a_process_that_lives_is_not_replaced) {
  const auto first = listen();
  ASSERT_TRUE(first);
  const auto second = listen();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().text(), "listen on unix:" + path() +
                                       ": Address already in use (EADDRINUSE): the socket there "
                                       "belongs to a process that lives");
  EXPECT_TRUE(can_connect());
  EXPECT_EQ(files(), 1U);
}

TEST_F(UnixListening, nor_is_one_that_does_not_listen_yet_or_that_is_of_another_type) {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
    const Descriptor other(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(other.get(), address().data(), address().size()), 0);
    const auto made = listen();
    ASSERT_FALSE(made) << type;
    EXPECT_EQ(made.error().code, EADDRINUSE);
    ::unlink(path().c_str());
  }
}

TEST_F(UnixListening, a_file_a_directory_and_a_link_are_not_replaced) {
  const auto expect_refused = [&](const std::string& what) {
    const auto made = listen();
    ASSERT_FALSE(made) << what;
    EXPECT_EQ(made.error().code, EEXIST);
    EXPECT_TRUE(made.error().detail.starts_with(what + " is there, which is not replaced")) << made.error().detail;
    EXPECT_EQ(files(), 1U);
    fs::remove_all(path());
  };
  std::ofstream(path()) << "precious";
  expect_refused("a file");
  fs::create_directory(path());
  expect_refused("a directory");
  fs::create_symlink("/etc/hostname", path());
  expect_refused("a symbolic link");
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  expect_refused("neither a socket nor a file");
}

TEST_F(UnixListening, a_link_to_a_socket_of_nobody_is_not_followed) {
  leave_a_socket_of_nobody();
  fs::rename(path(), path("elsewhere"));
  fs::create_symlink(path("elsewhere"), path());
  EXPECT_FALSE(listen());
  EXPECT_TRUE(fs::is_socket(path("elsewhere")));
}

TEST_F(UnixListening, the_mode_is_as_asked_for_whatever_the_umask_is) {
  const mode_t before = ::umask(0077);
  for (const std::uint32_t mode : {0666U, 0600U, 0660U, 0U}) {
    const auto made = listen({.mode = mode, .uid = {}, .gid = {}});
    ASSERT_TRUE(made) << made.error().text();
    EXPECT_EQ(status().st_mode & 07777, mode);
  }
  const auto plain = listen();
  EXPECT_EQ(status().st_mode & 07777, 0700U);
  ::umask(before);
}

TEST_F(UnixListening, mode_and_owner_are_set_on_what_replaces_a_socket_of_nobody_too) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  leave_a_socket_of_nobody();
  const auto made = listen({.mode = 0640, .uid = 12345, .gid = 54321});
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ(status().st_mode & 07777, 0640U);
  EXPECT_EQ(status().st_uid, 12345U);
  EXPECT_EQ(status().st_gid, 54321U);
}

TEST_F(UnixListening, what_somebody_else_put_in_its_place_is_not_removed) {
  {
    const auto made = listen();
    ASSERT_TRUE(made);
    ::unlink(path().c_str());
    leave_a_socket_of_nobody();
  }
  EXPECT_TRUE(fs::is_socket(path()));
}

TEST_F(UnixListening, a_removal_that_is_not_allowed_says_what_follows) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may remove everything; tests/system has it with a user";
  auto made = listen();
  ASSERT_TRUE(made);
  ASSERT_EQ(::chmod(directory_.c_str(), 0500), 0);
  const auto removed = made->file.remove();
  ::chmod(directory_.c_str(), 0700);
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code, EACCES);
}

TEST_F(UnixListening, a_path_of_the_longest_length_is_served_and_replaced) {
  const std::string name = path(std::string(106 - path("").size(), 'x'));
  const auto longest = Address::unix_name(name + "y");
  ASSERT_TRUE(longest);
  EXPECT_TRUE(listen_unix(*longest, {}));
  {
    const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(socket.get(), longest->data(), longest->size()), 0);
  }
  const auto replaced = listen_unix(*longest, {});
  EXPECT_TRUE(replaced) << replaced.error().text();
}

TEST_F(UnixListening, a_directory_that_does_not_exist_is_named_as_the_cause) {
  const auto made = listen_unix(*Address::unix_name(path("missing/socket")), {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ENOENT);
  EXPECT_EQ(made.error().detail, "its directory does not exist");
}

TEST_F(UnixListening, paths_through_the_root_of_a_process_work) {
  const std::string through = "/proc/" + std::to_string(::getpid()) + "/root" + path();
  const auto made = listen_unix(*Address::unix_name(through), {});
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_TRUE(can_connect()) << "by its other name";
}

}  // namespace
}  // namespace lastbyte::net::test
