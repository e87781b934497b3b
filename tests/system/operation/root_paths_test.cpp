// What root touches before it becomes `user`: no path that this user can change.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/descriptor.h"
#include "tests/harness/proxy.h"

namespace lastbyte::system_test {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

class RootPaths : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    ASSERT_EQ(::chmod(directory_.path().c_str(), 0755), 0);
    fs::create_directory(nobodys());
    fs::create_directory(roots());
    ASSERT_EQ(::chown(nobodys().c_str(), kNobody, kNobody), 0);
  }
  [[nodiscard]] std::string nobodys(const std::string& name = "") const { return directory_.file("nobody/" + name); }
  [[nodiscard]] std::string roots(const std::string& name = "") const { return directory_.file("root/" + name); }

  static uid_t owner(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
    return status.st_uid;
  }
  /// Returns the standard error of a start that must fail.
  static std::string failed_start(const Flags& flags) {
    Flags arguments{LASTBYTE_BINARY, "proxy", "--connect", "tcp:127.0.0.1:9", "--user", "nobody", "--group", "65534"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    Process process({.arguments = arguments});
    EXPECT_EQ(process.wait(), 1) << process.err();
    return process.err();
  }

  TemporaryDirectory directory_;
};

const Flags kAsNobody{"--user", "nobody", "--group", "65534"};

Flags as_nobody(Flags flags) {
  flags.insert(flags.end(), kAsNobody.begin(), kAsNobody.end());
  return flags;
}

const net::Address kNowhere = *net::Address::parse("127.0.0.1", 9);

TEST_F(RootPaths, a_log_is_not_opened_through_a_link_that_the_user_has_planted) {
  write_file(roots("secret"), "precious\n");
  ASSERT_EQ(::chmod(roots("secret").c_str(), 0600), 0);
  fs::create_symlink(roots("secret"), nobodys("log"));
  const std::string told = failed_start({"--listen", "tcp:127.0.0.1:0", "--log-target", nobodys("log")});
  EXPECT_NE(told.find("open the log " + nobodys("log") + ": Permission denied (EACCES): tried as user 65534"),
            std::string::npos)
      << told;
  EXPECT_EQ(read_file(roots("secret")), "precious\n");
}

TEST_F(RootPaths, no_file_is_made_through_a_link_that_the_user_has_planted) {
  fs::create_symlink(roots("new"), nobodys("log"));
  failed_start({"--listen", "tcp:127.0.0.1:0", "--log-target", nobodys("log")});
  EXPECT_FALSE(fs::exists(roots("new")));
  fs::create_directory_symlink(roots(), nobodys("logs"));
  failed_start({"--listen", "tcp:127.0.0.1:0", "--log-target", nobodys("logs/new")});
  EXPECT_FALSE(fs::exists(roots("new")));
}

TEST_F(RootPaths, a_log_is_the_users_own_in_a_directory_of_the_user_and_in_one_of_root) {
  for (const std::string& log : {nobodys("log"), roots("log")}) {
    const Proxy proxy(kNowhere, as_nobody({"--log-target", log}));
    EXPECT_EQ(owner(log), kNobody) << log;
  }
}

TEST_F(RootPaths, T14_no_socket_is_made_or_replaced_through_a_link_that_the_user_has_planted) {
  fs::create_directory_symlink(roots(), nobodys("run"));
  const std::string told = failed_start({"--listen", "unix:" + nobodys("run/app.sock")});
  EXPECT_NE(told.find("tried as user 65534"), std::string::npos) << told;
  EXPECT_TRUE(fs::is_empty(roots()));

  const auto address = *net::Address::unix_name(roots("app.sock"));
  const Descriptor of_nobody(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(of_nobody.get(), address.data(), address.size()), 0);
  struct stat before{};
  ASSERT_EQ(::lstat(roots("app.sock").c_str(), &before), 0);
  failed_start({"--listen", "unix:" + nobodys("run/app.sock"), "--client-unix-uid", "65534"});
  struct stat after{};
  ASSERT_EQ(::lstat(roots("app.sock").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(after.st_uid, 0U);
}

TEST_F(RootPaths, T14_a_socket_in_the_users_directory_has_the_owner_that_was_asked_for_and_goes_at_the_stop) {
  const std::string path = nobodys("app.sock");
  for (const auto& [flags, uid] :
       {std::pair(Flags{}, kNobody), std::pair(Flags{"--client-unix-uid", "12345"}, 12345U)}) {
    {
      const Proxy proxy(kNowhere, Proxy::Options{.flags = as_nobody(flags), .listen = "unix:" + path});
      EXPECT_EQ(owner(path), uid);
    }
    EXPECT_FALSE(fs::exists(path));
  }
}

}  // namespace
}  // namespace lastbyte::system_test
