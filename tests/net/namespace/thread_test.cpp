// Sockets of a network namespace for threads that are not in it.
#include "net/namespace/thread.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <thread>
#include <vector>

#include "net/namespace/enter.h"
#include "net/socket/calls.h"
#include "net/tcp/connect.h"
#include "tests/harness/loopback.h"
#include "tests/harness/own_network.h"

namespace lastbyte::net {
namespace {

using test::OwnNetwork;

std::size_t entries(const char* path) {
  std::size_t count = 0;
  DIR* const directory = ::opendir(path);
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  return count;
}

class InNamespace : public testing::Test {
 protected:
  void SetUp() override {
    if (!network_) GTEST_SKIP() << "no right to make a network namespace";
    thread_ = enter();
  }

  std::shared_ptr<NamespaceThread> enter() {
    auto entered = NamespaceThread::enter(Descriptor(::fcntl(network_.descriptor(), F_DUPFD_CLOEXEC, 0)), "test");
    EXPECT_TRUE(entered) << entered.error().text();
    return entered ? *entered : nullptr;
  }

  OwnNetwork network_;
  std::shared_ptr<NamespaceThread> thread_;
};

/// Where a socket was made is where its connections go.
bool reaches(const Descriptor& socket, const Address& address) {
  return ::connect(socket.get(), address.data(), address.size()) == 0 || errno == EINPROGRESS;
}

TEST_F(InNamespace, a_socket_from_there_reaches_what_one_from_here_does_not) {
  Descriptor listening;
  thread_->run([&] { listening = test::listener(); });
  const Address address = local_address(listening.get());
  const auto connecting = connect_tcp(address, {}, {}, {}, thread_.get());
  ASSERT_TRUE(connecting) << connecting.error().text();
  EXPECT_TRUE(test::wait_for(connecting->socket.get(), POLLOUT) == POLLOUT);
  EXPECT_TRUE(test::accept_one(listening));

  const auto from_here = connect_tcp(address, {}, {});
  ASSERT_TRUE(from_here);
  EXPECT_TRUE(test::wait_for(from_here->socket.get(), POLLOUT) & POLLERR);
  EXPECT_EQ(take_error(from_here->socket.get()), ECONNREFUSED);
}

TEST_F(InNamespace, abstract_unix_names_are_of_the_namespace_too) {
  const Address name = *Address::unix_name("@lastbyte-namespace-test");
  Descriptor listening;
  thread_->run([&] {
    listening = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(listening.get(), name.data(), name.size()), 0);
    ASSERT_EQ(::listen(listening.get(), 1), 0);
  });
  const auto there = thread_->take(AF_UNIX, SOCK_STREAM);
  ASSERT_TRUE(there) << there.error().text();
  EXPECT_TRUE(reaches(*there, name));
  const auto here = make_socket(AF_UNIX, SOCK_STREAM, nullptr);
  ASSERT_TRUE(here);
  EXPECT_FALSE(reaches(*here, name));
}

TEST_F(InNamespace, sockets_are_of_the_kind_that_was_asked_for_and_do_not_block) {
  for (const int family : {AF_INET, AF_INET6, AF_UNIX}) {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
      const auto taken = thread_->take(family, type);
      if (!taken && taken.error().code == EAFNOSUPPORT) continue;  // no IPv6 on this machine
      ASSERT_TRUE(taken) << taken.error().text();
      EXPECT_EQ(test::integer_option(*taken, SOL_SOCKET, SO_DOMAIN), family);
      EXPECT_EQ(test::integer_option(*taken, SOL_SOCKET, SO_TYPE), type);
      EXPECT_TRUE(::fcntl(taken->get(), F_GETFL) & O_NONBLOCK);
      EXPECT_TRUE(::fcntl(taken->get(), F_GETFD) & FD_CLOEXEC);
    }
  }
}

TEST_F(InNamespace, what_the_kernel_refuses_is_told_with_its_errno) {
  const auto taken = thread_->take(AF_INET, SOCK_RDM);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ESOCKTNOSUPPORT) << taken.error().text();
  EXPECT_TRUE(thread_->take(AF_INET, SOCK_STREAM)) << "the other kinds are none the worse";
}

TEST_F(InNamespace, many_threads_take_many_at_once) {
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  std::atomic<int> taken = 0;
  std::vector<std::thread> threads;
  for (int index = 0; index < kThreads; ++index) {
    threads.emplace_back([&] {
      for (int each = 0; each < kEach; ++each)
        if (thread_->take(AF_INET, SOCK_STREAM)) ++taken;
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(taken, kThreads * kEach);
}

TEST_F(InNamespace, holds_no_more_descriptors_than_it_says) {
  const std::size_t before = entries("/proc/self/fd") - 1;  // its namespace is counted in what it says
  thread_->expect(AF_INET, SOCK_STREAM);
  thread_->expect(AF_INET, SOCK_STREAM);
  thread_->expect(AF_UNIX, SOCK_STREAM);
  EXPECT_EQ(thread_->most_descriptors(), 1 + 2 * NamespaceThread::kStock);
  thread_->fill();
  EXPECT_EQ(entries("/proc/self/fd"), before + thread_->most_descriptors());
  for (int each = 0; each < 100; ++each) ASSERT_TRUE(thread_->take(AF_INET, SOCK_STREAM));
  thread_->fill();
  EXPECT_EQ(entries("/proc/self/fd"), before + thread_->most_descriptors());
}

TEST_F(InNamespace, leaves_nothing_when_it_ends) {
  thread_.reset();
  const std::size_t threads = entries("/proc/self/task");
  const std::size_t descriptors = entries("/proc/self/fd");
  auto other = enter();
  other->expect(AF_INET, SOCK_STREAM);
  other->fill();
  EXPECT_EQ(entries("/proc/self/task"), threads + 1);
  other.reset();
  EXPECT_EQ(entries("/proc/self/fd"), descriptors);
  // The kernel tells a joiner before it has taken the thread out of the list.
  EXPECT_TRUE(test::eventually([&] { return entries("/proc/self/task") == threads; }));
}

TEST_F(InNamespace, what_a_function_throws_comes_out) {
  EXPECT_THROW(thread_->run([] { throw std::runtime_error("in there"); }), std::runtime_error);
  EXPECT_TRUE(thread_->take(AF_INET, SOCK_STREAM));
}

TEST_F(InNamespace, a_want_of_descriptors_is_told_and_passes) {
  thread_.reset();  // threads do not come along into the child
  EXPECT_EXIT(
      {
        const auto thread = enter();
        rlimit low;
        low.rlim_cur = low.rlim_max = 40;
        if (::setrlimit(RLIMIT_NOFILE, &low) != 0) ::_exit(1);
        std::vector<Descriptor> held;
        Result<Descriptor> taken = thread->take(AF_INET, SOCK_STREAM);
        for (; taken && held.size() < 100; taken = thread->take(AF_INET, SOCK_STREAM))
          held.push_back(std::move(*taken));
        if (taken || taken.error().code != EMFILE) ::_exit(2);
        held.pop_back();
        ::_exit(thread->take(AF_INET, SOCK_STREAM) ? 0 : 3);
      },
      testing::ExitedWithCode(0), "");
}

TEST(NamespaceThread, cannot_enter_what_is_no_namespace) {
  const auto entered = NamespaceThread::enter(Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)), "null");
  ASSERT_FALSE(entered);
  EXPECT_EQ(entered.error().operation, "enter the network namespace null");
}

}  // namespace
}  // namespace lastbyte::net
