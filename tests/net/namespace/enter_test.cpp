// Opening a network namespace by each kind of name.
#include "net/namespace/enter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <vector>

#include "net/socket/calls.h"
#include "net/tcp/listen.h"
#include "tests/harness/forked.h"
#include "tests/harness/own_network.h"

namespace lastbyte::net {
namespace {

using lastbyte::test::Forked;
using test::OwnNetwork;

NamespaceName name_of(const std::string& text) {
  const auto parsed = NamespaceName::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : NamespaceName{};
}

Result<Descriptor> open_text(const std::string& text) { return open_namespace(name_of(text)); }

void expect_failure(const std::string& text, int code, const std::string& part) {
  const auto opened = open_text(text);
  ASSERT_FALSE(opened) << text;
  EXPECT_EQ(opened.error().code, code) << opened.error().text();
  EXPECT_EQ(opened.error().operation, "open the network namespace " + text);
  EXPECT_NE(opened.error().text().find(part), std::string::npos) << part << " in: " << opened.error().text();
}

Descriptor pidfd_of(pid_t pid) { return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

TEST(OpenNamespace, our_own_and_that_of_our_process_are_the_same) {
  const auto own = open_namespace({});
  ASSERT_TRUE(own) << own.error().text();
  for (const std::string& text : {std::string("/proc/self/ns/net"), "pid:" + std::to_string(::getpid())}) {
    const auto same = open_text(text);
    ASSERT_TRUE(same) << same.error().text();
    EXPECT_TRUE(same_namespace(*own, *same)) << text;
    EXPECT_TRUE(::fcntl(same->get(), F_GETFD) & FD_CLOEXEC);
  }
}

TEST(OpenNamespace, what_is_not_there_is_told_with_advice) {
  expect_failure("/nowhere/at/all", ENOENT, "No such file");
  expect_failure("no-such-name-here", ENOENT, "`ip netns list`");
  const pid_t gone = [] {
    const Forked process;
    return process.pid();
  }();
  expect_failure("pid:" + std::to_string(gone), ENOENT, "no process has that number");
}

TEST(OpenNamespace, that_of_a_process_which_has_ended_and_is_still_there_says_so) {
  const pid_t ended = ::fork();
  if (ended == 0) ::_exit(0);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(ended), &info, WEXITED | WNOWAIT), 0);
  expect_failure("pid:" + std::to_string(ended), ENOENT, "the process has ended; its parent has not waited for it");
  ::waitpid(ended, nullptr, 0);
}

TEST(OpenNamespace, what_is_no_network_namespace_is_refused) {
  expect_failure("/dev/null", EINVAL, "/dev/null is a file, but stands for no namespace");
  expect_failure("/proc/self/ns/mnt", EINVAL, "it is a namespace of another kind");
}

TEST(OpenNamespace, a_fifo_does_not_make_it_wait) {
  const std::string path = testing::TempDir() + "lastbyte-fifo-" + std::to_string(::getpid());
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  expect_failure(path, EINVAL, "stands for no namespace");
  ::unlink(path.c_str());
}

TEST(OpenNamespace, a_pidfd_that_is_none_is_told) {
  const Descriptor file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  expect_failure("pidfd:" + std::to_string(file.get()), EINVAL, "not that of a process");
  expect_failure("pidfd:1000000", EBADF, "no such descriptor was handed over");
  auto ended = [] {
    const Forked process;
    return pidfd_of(process.pid());
  }();
  ASSERT_TRUE(ended);
  expect_failure("pidfd:" + std::to_string(ended.get()), ESRCH, "the process has ended");
}

TEST(OpenNamespace, of_another_process_by_its_number_and_by_its_pidfd) {
  const OwnNetwork network;
  if (!network) GTEST_SKIP() << "no right to make a network namespace";
  std::optional<Forked> process;
  ASSERT_TRUE(run_inside(network.descriptor(), [&] { process.emplace(); }));
  const Descriptor pidfd = pidfd_of(process->pid());
  ASSERT_TRUE(pidfd);
  const auto own = open_namespace({});
  for (const std::string& text :
       {"pid:" + std::to_string(process->pid()), "pidfd:" + std::to_string(pidfd.get()), network.path()}) {
    const auto opened = open_text(text);
    ASSERT_TRUE(opened) << opened.error().text();
    EXPECT_TRUE(same_namespace(*opened, network.opened())) << text;
    EXPECT_FALSE(same_namespace(*opened, *own)) << text;
  }
  EXPECT_TRUE(::fcntl(pidfd.get(), F_GETFD) >= 0) << "it is needed again at the next opening";
}

TEST(OpenNamespace, without_the_right_to_look_at_a_process_says_which_it_needs) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  const Forked of_root;
  const std::string text = "pid:" + std::to_string(of_root.pid());
  EXPECT_EXIT(
      {
        if (::setresuid(65534, 65534, 65534) != 0) ::_exit(1);
        const auto opened = open_namespace(name_of(text));
        const bool told = !opened && opened.error().text().find("it needs CAP_SYS_PTRACE") != std::string::npos;
        ::_exit(told ? 0 : 2);
      },
      testing::ExitedWithCode(0), "");
}

TEST(RunInside, sockets_made_there_are_of_there_and_the_caller_stays_where_it_is) {
  const OwnNetwork network;
  if (!network) GTEST_SKIP() << "no right to make a network namespace";
  std::vector<Descriptor> listening;
  ASSERT_TRUE(run_inside(network.descriptor(), [&] {
    auto made = listen_tcp(*Address::parse("127.0.0.1", 0), {}, 1);
    ASSERT_TRUE(made) << made.error().text();
    listening = std::move(*made);
  }));
  const Address address = local_address(listening.front().get());
  const auto reach = [&] {
    const Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return ::connect(client.get(), address.data(), address.size());
  };
  EXPECT_NE(reach(), 0);
  int inside = -1;
  ASSERT_TRUE(run_inside(network.descriptor(), [&] { inside = reach(); }));
  EXPECT_EQ(inside, 0);
}

TEST(RunInside, without_the_right_to_enter_says_which_it_needs) {
  const OwnNetwork network;
  if (!network || ::geteuid() != 0) GTEST_SKIP() << "no right to make a network namespace";
  EXPECT_EXIT(
      {
        if (::setresuid(65534, 65534, 65534) != 0) ::_exit(1);
        bool ran = false;
        const auto entered = run_inside(network.descriptor(), [&] { ran = true; });
        const bool told = !entered && entered.error().text().find("it needs CAP_SYS_ADMIN") != std::string::npos;
        ::_exit(told && !ran ? 0 : 2);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace lastbyte::net
