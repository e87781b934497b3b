#include "base/file_rights.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <barrier>
#include <filesystem>
#include <thread>

#include "base/descriptor.h"

namespace lastbyte {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

/// Two directories in the sticky temporary one: root's, and nobody's.
class FileRightsOfRoot : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can take another user's rights";
    struct stat temporary{};
    ASSERT_EQ(::stat(fs::temp_directory_path().c_str(), &temporary), 0);
    if (temporary.st_uid != 0) GTEST_SKIP() << "the temporary directory is not root's";
    std::string name = fs::temp_directory_path() / "lastbyte-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    ASSERT_EQ(::chmod(name.c_str(), 0755), 0);
    fs::create_directory(roots());
    fs::create_directory(nobodys());
    ASSERT_EQ(::chown(nobodys().c_str(), kNobody, kNobody), 0);
  }
  void TearDown() override {
    if (!directory_.empty()) fs::remove_all(directory_);
  }
  [[nodiscard]] fs::path roots(const std::string& name = "") const { return directory_ / "root" / name; }
  [[nodiscard]] fs::path nobodys(const std::string& name = "") const { return directory_ / "nobody" / name; }

  fs::path directory_;
};

const FileRights kOfNobody{kNobody, kNobody, {kNobody}};

TEST_F(FileRightsOfRoot, a_path_through_directories_of_root_is_roots_alone) {
  EXPECT_TRUE(only_root_can_change(roots("new")));
  EXPECT_TRUE(only_root_can_change(roots("no-such-directory/new")));
  fs::create_symlink(roots(), directory_ / "link");
  EXPECT_TRUE(only_root_can_change(directory_ / "link/new"));
  EXPECT_TRUE(only_root_can_change(directory_ / "nobody/../root/../root/new")) << "the dots do not stay in there";
}

TEST_F(FileRightsOfRoot, whoever_owns_or_may_write_a_directory_on_the_way_can_change_it) {
  EXPECT_FALSE(only_root_can_change(nobodys("new")));
  fs::create_directory(nobodys("roots-again"));
  EXPECT_FALSE(only_root_can_change(nobodys("roots-again/new")));
  fs::create_symlink(nobodys(), roots("link"));
  EXPECT_FALSE(only_root_can_change(roots("link/new")));
  fs::create_symlink(nobodys("log"), roots("log"));
  EXPECT_FALSE(only_root_can_change(roots("log"))) << "a link at the end is followed too";
  ASSERT_EQ(::chmod(roots().c_str(), 0777), 0);
  EXPECT_FALSE(only_root_can_change(roots("new")));
  ASSERT_EQ(::chmod(roots().c_str(), 0775), 0);
  ASSERT_EQ(::chown(roots().c_str(), 0, kNobody), 0);
  EXPECT_FALSE(only_root_can_change(roots("new"))) << "its group may write";
}

TEST_F(FileRightsOfRoot, in_a_sticky_directory_only_roots_own_directories_stay) {
  ASSERT_EQ(::chmod(roots().c_str(), 01777), 0);
  fs::create_directory(roots("roots"));
  fs::create_directory(roots("nobodys"));
  ASSERT_EQ(::lchown(roots("nobodys").c_str(), kNobody, kNobody), 0);
  fs::create_symlink("/etc", roots("planted"));
  ASSERT_EQ(::lchown(roots("planted").c_str(), kNobody, kNobody), 0);
  EXPECT_TRUE(only_root_can_change(roots("roots/new")));
  EXPECT_FALSE(only_root_can_change(roots("new"))) << "anybody can make it first";
  EXPECT_FALSE(only_root_can_change(roots("nobodys/new")));
  EXPECT_FALSE(only_root_can_change(roots("planted/new")));
}

TEST_F(FileRightsOfRoot, links_that_lead_in_a_circle_come_to_an_end) {
  fs::create_symlink(roots("b"), roots("a"));
  fs::create_symlink(roots("a"), roots("b"));
  EXPECT_FALSE(only_root_can_change(roots("a")));
}

TEST_F(FileRightsOfRoot, the_root_or_working_directory_of_a_process_is_not_known_to_be_roots) {
  EXPECT_FALSE(only_root_can_change("/proc/self/root" + roots("new").string()));
  EXPECT_FALSE(only_root_can_change("/proc/self/cwd/new"));
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Descriptor reader(ends[0]);
  const Descriptor writer(ends[1]);
  EXPECT_TRUE(only_root_can_change("/proc/self/fd/" + std::to_string(writer.get()))) << "as /dev/stdout is one";
}

TEST_F(FileRightsOfRoot, with_another_users_rights_root_can_do_no_more_than_that_user_and_then_again_all) {
  const auto open_in = [](const fs::path& path) -> Result<void> {
    const Descriptor made(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!made) return failure_from_errno("open");
    return {};
  };
  const auto refused = with_rights_of(kOfNobody, [&] { return open_in(roots("new")); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EACCES);
  EXPECT_TRUE(with_rights_of(kOfNobody, [&] { return open_in(nobodys("new")); }));
  struct stat status{};
  ASSERT_EQ(::stat(nobodys("new").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, kNobody);
  EXPECT_EQ(status.st_gid, kNobody);
  EXPECT_TRUE(open_in(roots("new"))) << "root again";
  EXPECT_TRUE(with_rights_of(std::nullopt, [&] { return open_in(roots("other")); }));
}

TEST_F(FileRightsOfRoot, no_group_of_roots_helps_and_no_other_thread_is_touched) {
  ASSERT_EQ(::chmod(roots().c_str(), 0770), 0);  // root's group may write
  const auto can_make = [&](const std::string& name) {
    return Descriptor(::open(roots(name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)).get() >= 0;
  };
  // A new thread has the rights of the one that starts it: the other one must have been there before.
  std::barrier together(2);
  bool other_can = false;
  std::thread other([&] {
    together.arrive_and_wait();
    other_can = can_make("there");
    together.arrive_and_wait();
  });
  const auto done = with_rights_of(kOfNobody, [&]() -> Result<void> {
    together.arrive_and_wait();
    EXPECT_FALSE(can_make("here"));
    together.arrive_and_wait();
    return {};
  });
  other.join();
  EXPECT_TRUE(done);
  EXPECT_TRUE(other_can);
}

}  // namespace
}  // namespace lastbyte
