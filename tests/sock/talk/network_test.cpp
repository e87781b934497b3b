// Tests that need a network namespace: entering one, and Fast Open, which the kernel enables only for clients by
// default.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <optional>

#include "sock/socket/namespace.h"
#include "tests/sock/running.h"

namespace lastbyte::sock::test {
namespace {

bool bring_loopback_up() {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::string("lo").copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP;
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

/// A thread in its own network namespace. The thread's ID names the namespace.
class OwnNetwork {
 public:
  OwnNetwork() {
    std::promise<std::string> made;
    auto path = made.get_future();
    thread_ = std::thread([this, &made] { live(made); });
    path_ = path.get();
  }
  ~OwnNetwork() {
    done_.set_value();
    thread_.join();
  }
  OwnNetwork(const OwnNetwork&) = delete;
  OwnNetwork& operator=(const OwnNetwork&) = delete;

  /// Returns "" if this machine does not allow it.
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  void live(std::promise<std::string>& made) {
    std::string path;
    if (::unshare(CLONE_NEWNET) == 0 && bring_loopback_up()) {
      // 3 enables both sides: 1 is the client's half, 2 the server's.
      std::ofstream("/proc/sys/net/ipv4/tcp_fastopen") << 3;
      path = "/proc/" + std::to_string(::getpid()) + "/task/" + std::to_string(::gettid()) + "/ns/net";
    }
    made.set_value(path);
    done_.get_future().wait();
  }

  std::string path_;
  std::promise<void> done_;
  std::thread thread_;
};

TEST(Namespace, is_named_as_everywhere_or_by_the_number_of_a_process) {
  EXPECT_EQ(namespace_name("17")->text(), "pid:17");
  for (const char* text : {"blue", "pid:17", "/proc/self/ns/net"}) EXPECT_EQ(namespace_name(text)->text(), text);
  EXPECT_FALSE(namespace_name("no name"));
}

TEST(Namespace, that_is_not_there_is_a_failure) {
  Running client("--netns no-such-namespace-here 127.0.0.1 80");
  EXPECT_EQ(client.status(), kExitFailed);
  EXPECT_NE(client.whole_errors().find("open the network namespace no-such-namespace-here: No such file"),
            std::string::npos);
}

TEST(Namespace, is_where_the_sockets_are_and_others_do_not_see_them) {
  const OwnNetwork network;
  if (network.path().empty()) GTEST_SKIP() << "no right to make a network namespace";
  Running server("-s -v -m echo --netns " + network.path() + " 127.0.0.1 0");
  Running outside(server.operands());
  EXPECT_EQ(outside.status(), kExitFailed);
  Running inside("-N --netns " + network.path() + " " + server.operands());
  inside.type("within");
  inside.end_input();
  EXPECT_EQ(inside.whole_output(), "within");
}

TEST(FastOpen, carries_the_first_bytes_in_the_syn_once_there_is_a_cookie) {
  const OwnNetwork network;
  if (network.path().empty()) GTEST_SKIP() << "no right to make a network namespace";
  Running server("-s -k -v -m echo --fast-open --netns " + network.path() + " 127.0.0.1 0");
  const auto ask = [&] {
    Running client("-v -N --fast-open --netns " + network.path() + " " + server.operands());
    client.type("first bytes");
    client.end_input();
    EXPECT_EQ(client.whole_output(), "first bytes");
    EXPECT_EQ(client.status(), kExitOk);
    return client.whole_errors();
  };
  EXPECT_EQ(ask().find("the SYN carried data"), std::string::npos);
  const auto second = ask();
  EXPECT_NE(second.find("the SYN carried data"), std::string::npos) << second;
}

TEST(FastOpen, an_end_that_comes_before_the_handshake_waits_for_it) {
  const OwnNetwork network;
  if (network.path().empty()) GTEST_SKIP() << "no right to make a network namespace";
  // The backlog has room for one connection that is not accepted. The kernel drops the next SYN until there is room
  // again.
  Running server("-s -k -v -m echo --backlog 0 --fast-open --netns " + network.path() + " 127.0.0.1 0");
  const auto operands = server.operands();
  const auto line = "--fast-open --netns " + network.path() + " " + operands;
  {
    Running cookie("-N " + line);
    cookie.end_input();
    EXPECT_EQ(cookie.status(), kExitOk);
  }
  Running served("-v --netns " + network.path() + " " + operands);
  EXPECT_TRUE(server.errors().wait_for("[2] state"));
  Running waiting("-v --netns " + network.path() + " " + operands);
  EXPECT_TRUE(waiting.errors().wait_for("connected"));
  Running late("-v -N " + line);
  late.type("in a SYN that is lost at first");
  late.end_input();
  EXPECT_TRUE(late.errors().wait_for("end of file on standard input"));
  EXPECT_TRUE(late.errors().wait_for("send("));
  served.stop();
  waiting.stop();
  EXPECT_EQ(late.whole_output(), "in a SYN that is lost at first");
  EXPECT_EQ(late.status(), kExitOk);
}

}  // namespace
}  // namespace lastbyte::sock::test
