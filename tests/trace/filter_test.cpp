#include "trace/filter.h"

#include <gtest/gtest.h>

namespace lastbyte::trace {
namespace {

using kernel::EventKind;
using kernel::TcpEvent;

TcpEvent event() {
  TcpEvent made;
  made.local = *net::Address::parse("10.0.0.1", 80);
  made.remote = *net::Address::parse("192.0.2.7", 50000);
  made.reason = "TCP_STATE";
  made.network = 7;
  made.owner.pid = 100;
  made.caller.pid = 200;
  return made;
}

Filter filter_of(const std::string& flag, const std::string& value) {
  const std::vector<std::pair<std::string, std::string>> given{{flag, value}};
  const auto options = parse(given);
  EXPECT_TRUE(options) << options.error().text();
  return options ? options->filter : Filter{};
}

TEST(TraceFilter, without_anything_passes_all) { EXPECT_TRUE(passes({}, 0, event())); }

TEST(TraceFilter, looks_at_both_ends) {
  EXPECT_TRUE(passes(filter_of("address", "10.0.0.0/8"), 0, event()));
  EXPECT_TRUE(passes(filter_of("address", "192.0.2.7"), 0, event()));
  EXPECT_FALSE(passes(filter_of("address", "192.0.2.8"), 0, event()));
  EXPECT_TRUE(passes(filter_of("port", "443,80"), 0, event()));
  EXPECT_TRUE(passes(filter_of("port", "49999-50000"), 0, event()));
  EXPECT_FALSE(passes(filter_of("port", "81-49999"), 0, event()));
}

TEST(TraceFilter, takes_the_owner_or_the_caller_for_the_process) {
  EXPECT_TRUE(passes(filter_of("pid", "100"), 0, event()));
  EXPECT_TRUE(passes(filter_of("pid", "200"), 0, event()));
  EXPECT_FALSE(passes(filter_of("pid", "300"), 0, event()));
}

TEST(TraceFilter, takes_the_namespace_and_the_reason) {
  EXPECT_TRUE(passes({}, 7, event()));
  EXPECT_FALSE(passes({}, 8, event()));
  EXPECT_TRUE(passes(filter_of("reason", "TCP_STATE"), 0, event()));
  EXPECT_FALSE(passes(filter_of("reason", "NO_SOCKET"), 0, event()));
}

TEST(TraceFilter, of_a_direction_leaves_out_resets_of_the_other_alone) {
  TcpEvent each = event();
  const Filter sent = filter_of("direction", "sent");
  const Filter received = filter_of("direction", "received");
  EXPECT_TRUE(passes(sent, 0, each));
  EXPECT_FALSE(passes(received, 0, each));
  each.kind = EventKind::reset_received;
  EXPECT_FALSE(passes(sent, 0, each));
  EXPECT_TRUE(passes(received, 0, each));
  each.kind = EventKind::closed;
  EXPECT_TRUE(passes(sent, 0, each));
  EXPECT_TRUE(passes(received, 0, each));
}

TEST(TraceRate, allows_so_many_in_a_second_and_counts_the_others) {
  RateLimit limit(2);
  TimePoint now{std::chrono::seconds(100)};
  EXPECT_TRUE(limit.allows(now));
  EXPECT_TRUE(limit.allows(now + std::chrono::milliseconds(500)));
  EXPECT_FALSE(limit.allows(now + std::chrono::milliseconds(999)));
  EXPECT_FALSE(limit.allows(now + std::chrono::milliseconds(999)));
  EXPECT_TRUE(limit.allows(now + std::chrono::seconds(1)));
  EXPECT_EQ(limit.take_refused(), 2U);
  EXPECT_EQ(limit.take_refused(), 0U);
  RateLimit none(0);
  for (int each = 0; each < 5000; ++each) EXPECT_TRUE(none.allows(now));
}

}  // namespace
}  // namespace lastbyte::trace
