// Connections that no session wants (RFC 8305, T6).
#include "relay/reach/leftovers.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/result.h"
#include "net/socket/calls.h"
#include "relay/terms/counters.h"

namespace lastbyte::relay {
namespace {

class OutrunConnection : public testing::Test {
 protected:
  OutrunConnection()
      : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        context_(std::move(*loop::Epoll::create()), std::move(*loop::Mailbox::create()), shared_, counters_,
                 Clock::now()),
        leftovers_(context_) {
    const auto any = *net::Address::parse("127.0.0.1", 0);
    EXPECT_EQ(::bind(listening_.get(), any.data(), any.size()), 0);
    EXPECT_EQ(::listen(listening_.get(), 4), 0);
    at_ = net::local_address(listening_.get());
    Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(client.get(), at_.data(), at_.size()), 0);
    server_ = Descriptor(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_EQ(::fcntl(client.get(), F_SETFL, O_NONBLOCK), 0);
    rival_ = new Rival;
    rival_->side.socket = std::move(client);
    EXPECT_EQ(context_.epoll.add(rival_->side.socket.get(), kWatchedEvents, Tag::of(rival_, TagKind::rival)), 0);
  }
  /// What the server reads next: "" for a FIN.
  std::string server_reads() {
    char byte = 0;
    const ssize_t got = ::recv(server_.get(), &byte, 1, 0);
    return got < 0 ? errno_name(errno) : std::string(static_cast<std::size_t>(got), byte);
  }
  void server_says(std::string_view bytes) {
    EXPECT_EQ(::send(server_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void wait_and_dispatch() {
    std::array<epoll_event, 4> room{};
    for (const epoll_event& each : context_.epoll.wait(room, 20'000).events)
      leftovers_.on_events(*Tag::object<Rival>(each.data.u64), each.events);
  }

  Shared shared_;
  Counters counters_;
  Descriptor listening_;
  net::Address at_;
  Descriptor server_;
  Context context_;
  Leftovers leftovers_;
  Rival* rival_ = nullptr;
};

TEST_F(OutrunConnection, T6_a_banner_that_nobody_reads_is_no_reset) {
  server_says("220 ready\r\n");
  leftovers_.take(rival_, Linger{});
  EXPECT_EQ(server_reads(), "") << "a FIN, and no reset";
  EXPECT_FALSE(leftovers_.empty());
  server_says("421 bye\r\n");
  server_.close();
  while (!leftovers_.empty()) wait_and_dispatch();
  leftovers_.bury();
}

TEST_F(OutrunConnection, T8_a_server_that_never_ends_is_left_at_the_bound) {
  leftovers_.take(rival_, Linger{.mode = termination::LingerMode::on, .time = Duration(50), .timeout = Duration(20)});
  context_.now += Duration(19);
  leftovers_.on_timer();
  EXPECT_FALSE(leftovers_.empty());
  context_.now += Duration(1);
  leftovers_.on_timer();
  EXPECT_TRUE(leftovers_.empty());
}

TEST_F(OutrunConnection, T15_a_stop_ends_the_waiting) {
  leftovers_.take(rival_, Linger{});
  context_.drain_at = context_.now;
  leftovers_.on_timer();
  EXPECT_TRUE(leftovers_.empty());
}

}  // namespace
}  // namespace lastbyte::relay
