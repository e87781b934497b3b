#include "relay/worker/acceptor.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <vector>

#include "net/socket/calls.h"
#include "net/tcp/listen.h"

namespace lastbyte::relay {
namespace {

/// An acceptor on this thread, whose sessions are only counted. Time stands still unless the test moves it.
class AcceptorTest : public testing::Test {
 protected:
  AcceptorTest() {
    shared_.max_sessions = 100;
    shared_.warn = [this](const std::string& line) { warnings_.push_back(line); };
  }

  static Listening listening(std::shared_ptr<const Descriptor> socket, const char* name) {
    Forwarding forwarding;
    forwarding.name = name;
    Listening port;
    port.forwarding = std::make_shared<const Forwarding>(forwarding);
    port.listen = *net::Address::parse("127.0.0.1", 80);
    port.sockets = {std::move(socket)};
    port.counts = std::make_shared<ForwardingCounts>();
    return port;
  }

  /// Dispatches the events that are there now.
  void dispatch() {
    std::array<epoll_event, 16> room{};
    for (const epoll_event& event : context_.epoll.wait(room, 0).events)
      acceptor_.on_event(*Tag::object<ListeningSocket>(event.data.u64));
  }

  /// Lets the acceptor's timer pass if it is due after `time`.
  void pass(Duration time) {
    context_.now += time;
    if (context_.wheel.pop_due(context_.current_tick()) == acceptor_.timer()) acceptor_.on_timer();
  }

  Shared shared_;
  Counters counters_;
  std::vector<std::string> warnings_;
  std::vector<Descriptor> clients_;
  Context context_{std::move(*loop::Epoll::create()), nullptr, shared_, counters_, TimePoint()};
  Acceptor acceptor_{{.context = context_,
                      .counters = counters_,
                      .begin =
                          [this](ListenerState&, Descriptor& client, const net::Address&) {
                            clients_.push_back(std::move(client));
                            return true;
                          },
                      .report_shortage = [this](const auto& words) { warnings_.push_back(words()); }}};
};

/// Is readable, and accept4(2) fails on it with ENOTSOCK, which stands for any error of one listener.
std::shared_ptr<const Descriptor> broken_listener() {
  return std::make_shared<const Descriptor>(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
}

TEST_F(AcceptorTest, T12_an_error_of_one_listener_pauses_that_one_only) {
  auto sockets = net::listen_tcp(*net::Address::parse("127.0.0.1", 0), {}, 1);
  ASSERT_TRUE(sockets) << sockets.error().text();
  const auto good = std::make_shared<const Descriptor>(std::move(sockets->front()));
  acceptor_.serve({listening(broken_listener(), "broken"), listening(good, "good")});
  dispatch();
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_EQ(warnings_[0],
            "accepting pauses on broken at 127.0.0.1:80: accept: ENOTSOCK; other "
            "listeners go on");
  const net::Address at = net::local_address(good->get());
  const Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(client.get(), at.data(), at.size()), 0);
  dispatch();
  EXPECT_EQ(clients_.size(), 1U);
  EXPECT_EQ(counters_.of(Count::accept_pauses), 1U) << "the broken one is not tried meanwhile";
}

TEST_F(AcceptorTest, a_listener_with_an_error_is_tried_again_later_and_later) {
  acceptor_.serve({listening(broken_listener(), "broken")});
  dispatch();
  EXPECT_EQ(counters_.of(Count::accept_pauses), 1U);
  pass(Duration(9));
  dispatch();
  EXPECT_EQ(counters_.of(Count::accept_pauses), 1U);
  pass(Duration(1));
  dispatch();
  EXPECT_EQ(counters_.of(Count::accept_pauses), 2U);
  pass(Duration(19));
  dispatch();
  EXPECT_EQ(counters_.of(Count::accept_pauses), 2U);
  pass(Duration(1));
  dispatch();
  EXPECT_EQ(counters_.of(Count::accept_pauses), 3U);
}

}  // namespace
}  // namespace lastbyte::relay
