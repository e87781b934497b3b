// T14: look-ups in another root stay in there, never wait where they are not to, and end whatever happens meanwhile.
#include "net/root/open.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "net/unix/root_thread.h"
#include "net/unix/stream.h"
#include "tests/harness/loopback.h"

namespace lastbyte::net {
namespace {

namespace fs = std::filesystem;

class InRoot : public ::testing::Test {
 protected:
  InRoot() {
    // A tmpfs: what is on others is found by the thread only.
    std::string name = "/dev/shm/lastbyte-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) return;
    directory_ = name;
    fs::create_directory(directory_ / "d");
    opened_ = Descriptor(::open(name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    listening_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = *Address::unix_name(name + "/d/s");
    EXPECT_EQ(::bind(listening_.get(), address.data(), address.size()), 0);
    EXPECT_EQ(::listen(listening_.get(), 64), 0);
  }
  ~InRoot() override {
    // Nobody waits for the thread's end, and what it holds would be in the way of other tests.
    EXPECT_TRUE(test::eventually(
        [] { return std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator()) == 1; }));
    if (!directory_.empty()) fs::remove_all(directory_);
  }
  void SetUp() override {
    if (directory_.empty()) GTEST_SKIP() << "no /dev/shm here";
  }

  std::shared_ptr<RootThread> start() {
    const auto name = *RootName::parse(directory_.string());
    auto root = open_root(name);
    EXPECT_TRUE(root) << root.error().text();
    auto started = RootThread::start(std::move(*root), name);
    EXPECT_TRUE(started) << started.error().text();
    return std::move(*started);
  }
  [[nodiscard]] int error_of(const std::string& path) const {
    return look_up_in(opened_.get(), path, 0, LookUp::whole) ? 0 : errno;
  }

  fs::path directory_;
  Descriptor opened_;
  Descriptor listening_;
  const Address socket_ = *Address::unix_name("/d/s");
};

TEST_F(InRoot, links_and_dots_end_at_the_root) {
  fs::create_symlink("/d", directory_ / "absolute");
  fs::create_symlink("../../../../d", directory_ / "upwards");
  fs::create_symlink("/proc/self/root", directory_ / "magic");
  for (const char* path : {"/d/s", "/absolute/s", "/upwards/s", "/../../d/s", "d/../d/s"})
    EXPECT_EQ(error_of(path), 0) << path;
  EXPECT_EQ(error_of("/etc/passwd"), ENOENT);
  EXPECT_EQ(error_of("/magic/etc/passwd"), ENOENT) << "there is no /proc in there";
  EXPECT_EQ(error_of("/../../../../../../etc/passwd"), ENOENT);
}

TEST_F(InRoot, magic_links_are_not_followed) {
  const Descriptor own(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  EXPECT_FALSE(look_up_in(own.get(), "/proc/self/root/etc/passwd", 0, LookUp::whole));
  EXPECT_EQ(errno, ELOOP);
}

TEST_F(InRoot, renames_on_the_way_do_not_hold_a_look_up_up) {
  fs::create_directory(directory_ / "e");
  std::atomic<bool> ending = false;
  std::thread renaming([&] {
    const std::string from = directory_ / "e";
    const std::string to = directory_ / "f";
    while (!ending) {
      ::rename(from.c_str(), to.c_str());
      ::rename(to.c_str(), from.c_str());
    }
  });
  std::string path;
  for (int each = 0; each < 200; ++each) path += "/d/..";
  path += "/d/s";
  for (int each = 0; each < 500; ++each) {
    const int error = error_of(path);
    EXPECT_TRUE(error == 0 || error == EAGAIN) << errno_name(error);
  }
  ending = true;
  renaming.join();
  EXPECT_EQ(error_of(path), 0);
}

TEST_F(InRoot, the_thread_finds_out_whether_others_may_connect_without_waiting) {
  const auto root = start();
  const auto too_early = root->connect_now(socket_, {});
  ASSERT_FALSE(too_early);
  EXPECT_EQ(too_early.error().code, EINPROGRESS);
  std::promise<Result<Descriptor>> promise;
  const auto asked = root->connect_later(socket_, {}, [&](auto outcome) { promise.set_value(std::move(outcome)); });
  const auto later = promise.get_future().get();
  ASSERT_TRUE(later) << later.error().text();
  EXPECT_TRUE(test::accept_one(listening_));
  const auto now = root->connect_now(socket_, {});
  ASSERT_TRUE(now) << now.error().text();
  EXPECT_TRUE(test::accept_one(listening_));
  // Out here it is a path to the same socket, on the same mount.
  EXPECT_FALSE(root->connect_now(*Address::unix_name(directory_.string() + "/d/s"), {}));
  const auto nobody = root->connect_now(*Address::unix_name("/d/none"), {});
  ASSERT_FALSE(nobody);
  EXPECT_TRUE(nobody.error().code == ENOENT || nobody.error().code == EINPROGRESS) << nobody.error().text();
}

/// Something that the thread waits for.
class Stall {
 public:
  void operator()() {
    std::unique_lock lock(mutex_);
    begun_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return over_; });
  }
  void await_begin() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return begun_; });
  }
  void end() {
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool begun_ = false;
  bool over_ = false;
};

TEST_F(InRoot, T12_nobody_waits_for_a_thread_that_waits) {
  auto root = start();
  const auto stall = std::make_shared<Stall>();
  const auto first = root->ask<void>([stall] {
    (*stall)();
    return Result<void>();
  });
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, ETIMEDOUT);
  std::atomic<bool> called = false;
  const auto task = [&called] {
    called = true;
    return Result<void>();
  };
  EXPECT_FALSE(root->ask<void>(task));
  auto given_up = root->connect_later(socket_, {}, [&](const auto&) { called = true; });
  given_up.reset();
  stall->end();
  EXPECT_TRUE(test::eventually([&] { return root->ask<void>([] { return Result<void>(); }).has_value(); }));
  EXPECT_FALSE(called) << "who gave up is not served late";
  // Its end is not waited for either.
  const auto other = std::make_shared<Stall>();
  std::thread asking([root, other] {
    (void)root->ask<void>([other] {
      (*other)();
      return Result<void>();
    });
  });
  other->await_begin();
  root.reset();
  other->end();
  asking.join();
}

TEST_F(InRoot, a_pidfd_names_the_root_of_its_process_only_while_that_lives) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    for (;;) ::pause();
  }
  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0U)));
  ASSERT_TRUE(process);
  const RootName name{RootName::Kind::pidfd, {}, static_cast<std::uint32_t>(process.get())};
  const auto opened = open_root(name);
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_TRUE(same_directory(opened->directory.get(), open_root({})->directory.get()));
  EXPECT_TRUE(still_lives(opened->process));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(still_lives(opened->process));
  EXPECT_EQ(open_root(name).error().code, ESRCH);
  EXPECT_FALSE(open_root({RootName::Kind::pidfd, {}, static_cast<std::uint32_t>(opened_.get())}));
}

}  // namespace
}  // namespace lastbyte::net
