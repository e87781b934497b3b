// What keeps overload bounded: the accept back-off, the counts per client, the pools.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

#include "relay/context/listener.h"
#include "relay/context/pools.h"
#include "relay/context/shared.h"

namespace lastbyte::relay {
namespace {

TEST(AcceptBackoff, T12_doubles_to_one_second_and_starts_anew_after_recovery) {
  AcceptBackoff backoff;
  EXPECT_FALSE(backoff.pausing());
  for (const int expected : {10, 20, 40, 80, 160, 320, 640, 1000, 1000}) {
    EXPECT_EQ(backoff.next(), Duration{expected});
    EXPECT_TRUE(backoff.pausing());
  }
  backoff.recovered();
  EXPECT_FALSE(backoff.pausing());
  EXPECT_EQ(backoff.next(), Duration{10});
}

TEST(Reservation, T12_gives_its_place_back_unless_a_session_has_it) {
  Shared shared;
  shared.max_sessions = 2;
  ForwardingCounts counts;
  {
    EXPECT_TRUE(Reservation(shared, 1, counts));
  }
  EXPECT_EQ(shared.sessions, 0U);
  {
    Reservation kept(shared, 1, counts);
    EXPECT_TRUE(kept);
    EXPECT_FALSE(Reservation(shared, 1, counts)) << "the forwarding's limit";
    EXPECT_EQ(shared.sessions, 1U);
    kept.keep();
  }
  EXPECT_EQ(shared.sessions, 1U);
  EXPECT_EQ(counts.sessions, 1U);
  shared.release(counts);
  EXPECT_EQ(shared.sessions, 0U);
  EXPECT_EQ(counts.sessions, 0U);
}

TEST(ClientCounts, hold_the_limit_per_client) {
  ClientCounts counts;
  const auto client = [](const char* ip, std::uint16_t port) { return *net::Address::parse(ip, port); };
  EXPECT_TRUE(counts.try_add(client("10.0.0.1", 1), 2));
  EXPECT_TRUE(counts.try_add(client("10.0.0.1", 2), 2));
  EXPECT_FALSE(counts.try_add(client("10.0.0.1", 3), 2)) << "the port does not make another client";
  EXPECT_TRUE(counts.try_add(client("10.0.0.2", 1), 2));
  counts.remove(client("10.0.0.1", 9));
  EXPECT_TRUE(counts.try_add(client("10.0.0.1", 4), 2));
}

TEST(RateLimit, is_told_at_once_and_then_with_what_went_untold) {
  RateLimit limit;
  const TimePoint begin{std::chrono::hours(1)};
  EXPECT_EQ(limit.happens(begin), 0U);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(limit.happens(begin + Duration{i}), std::nullopt);
  EXPECT_EQ(limit.happens(begin + RateLimit::kInterval), 5U);
  EXPECT_EQ(limit.happens(begin + 2 * RateLimit::kInterval), 0U);
}

class Ways : public testing::Test {
 protected:
  static net::Address at(const char* ip, std::uint16_t port = 0) { return *net::Address::parse(ip, port); }
  ListenerState state(const net::ConnectOptions& options) const {
    auto forwarding = std::make_shared<Forwarding>();
    forwarding->upstream = options;
    ListenerState state;
    state.upstream_addresses = {at("2001:db8::1", 80), at("192.0.2.1", 80)};
    state.upstream_by_family = ByFamily<net::Address>(state.upstream_addresses);
    state.sources = ByFamily<net::Source>(options.sources);
    state.forwarding = std::move(forwarding);
    return state;
  }
};

TEST_F(Ways, T13_sources_are_taken_in_turn_by_the_family_of_the_address_tried) {
  net::ConnectOptions options;
  options.sources = {at("10.0.0.1"), at("fd00::1"), at("10.0.0.2")};
  ListenerState listener = state(options);
  const auto client = at("192.0.2.7", 4711);
  std::string taken;
  for (int i = 0; i < 4; ++i) taken += listener.source_for(at("192.0.2.1", 80), client)->text() + " ";
  EXPECT_EQ(taken, "10.0.0.1 10.0.0.2 10.0.0.1 10.0.0.2 ");
  EXPECT_EQ(listener.source_for(at("2001:db8::1", 80), client), at("fd00::1"));
  EXPECT_EQ(listener.upstream_for(client).size(), 2U);
  options.sources = {at("10.0.0.1")};
  EXPECT_EQ(state(options).source_for(at("2001:db8::1", 80), client), std::nullopt);
  EXPECT_EQ(state({}).source_for(at("2001:db8::1", 80), client), net::Address()) << "the kernel's choice";
}

TEST_F(Ways, a_transparent_source_is_the_client_and_ties_the_family) {
  net::ConnectOptions options;
  options.transparent = net::Transparent::ip;
  const auto client = at("::ffff:192.0.2.7", 4711);
  ListenerState listener = state(options);
  ASSERT_EQ(listener.upstream_for(client).size(), 1U);
  EXPECT_EQ(listener.upstream_for(client).front(), at("192.0.2.1", 80));
  EXPECT_EQ(listener.source_for(at("192.0.2.1", 80), client), at("192.0.2.7"));
  options.transparent = net::Transparent::ip_and_port;
  EXPECT_EQ(state(options).source_for(at("192.0.2.1", 80), client), at("192.0.2.7", 4711));
  EXPECT_TRUE(listener.upstream_for(*net::Address::unix_name("")).empty());
}

TEST(PipePool, an_empty_pipe_comes_back_and_one_with_bytes_does_not) {
  PipePool pool;
  auto pipe = pool.take();
  ASSERT_TRUE(pipe);
  const int number = pipe->read_end.get();
  pool.give_back(std::move(*pipe), true);
  pipe = pool.take();
  ASSERT_TRUE(pipe);
  EXPECT_EQ(pipe->read_end.get(), number);
  ASSERT_EQ(::write(pipe->write_end.get(), "x", 1), 1);
  pool.give_back(std::move(*pipe), false);
  pipe = pool.take();
  ASSERT_TRUE(pipe);
  char byte = 0;
  EXPECT_EQ(::read(pipe->read_end.get(), &byte, 1), -1) << "nobody's bytes may reach another session";
  EXPECT_EQ(errno, EAGAIN);
}

TEST(PipePool, T9_stops_at_its_limit) {
  PipePool pool;
  std::vector<Pipe> taken;
  while (auto pipe = pool.take()) taken.push_back(std::move(*pipe));
  EXPECT_LE(taken.size(), kMaxPipes);
  EXPECT_FALSE(pool.take());
  pool.give_back(std::move(taken.back()), false);
  EXPECT_TRUE(pool.take());
}

TEST(Accept, shortages_are_told_from_the_troubles_of_one_connection) {
  for (const int error : {EMFILE, ENFILE, ENOMEM, ENOBUFS}) EXPECT_TRUE(is_shortage(error)) << error;
  for (const int error : {EAGAIN, ECONNABORTED, EINTR}) EXPECT_FALSE(is_shortage(error)) << error;
}

}  // namespace
}  // namespace lastbyte::relay
