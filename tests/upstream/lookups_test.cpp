// What a name stands for, from one look-up to the next.
#include "upstream/lookups.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace lastbyte::upstream {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const TimePoint kLookUpStart = TimePoint{} + hours(1);

std::vector<net::Address> addresses(std::initializer_list<const char*> texts) {
  std::vector<net::Address> out;
  for (const char* text : texts) out.push_back(*net::Address::parse(text, 0));
  return out;
}

Answer found(std::initializer_list<const char*> texts, std::optional<Duration> ttl = std::nullopt) {
  return {.outcome = LookUp::found, .addresses = addresses(texts), .ttl = ttl};
}

TEST(KnownName, another_order_is_no_change) {
  KnownName name;
  EXPECT_TRUE(name.take(found({"192.0.2.1", "192.0.2.2"}), {}, kLookUpStart));
  EXPECT_FALSE(name.take(found({"192.0.2.2", "192.0.2.1"}), {}, kLookUpStart));
  EXPECT_EQ(name.addresses(), addresses({"192.0.2.1", "192.0.2.2"}));
  EXPECT_TRUE(name.take(found({"192.0.2.2"}), {}, kLookUpStart));
  EXPECT_EQ(name.addresses(), addresses({"192.0.2.2"}));
}

TEST(KnownName, keep_keeps_addresses_whatever_the_look_up_says) {
  const Names rules{.stale = Stale::keep};
  KnownName name;
  name.take(found({"192.0.2.1"}), rules, kLookUpStart);
  for (const LookUp outcome : {LookUp::missing, LookUp::failed, LookUp::found})
    EXPECT_FALSE(name.take({.outcome = outcome}, rules, kLookUpStart + hours(1000)));
  EXPECT_TRUE(name.is_stale());
  EXPECT_EQ(name.addresses(), addresses({"192.0.2.1"}));
  EXPECT_EQ(name.expires(rules), std::nullopt);
}

TEST(KnownName, expire_drops_them_at_the_age_since_the_first_failure) {
  const Names rules{.stale = Stale::expire, .stale_age = hours(1)};
  KnownName name;
  name.take(found({"192.0.2.1"}), rules, kLookUpStart);
  const TimePoint failed = kLookUpStart + hours(5);
  EXPECT_FALSE(name.take({.outcome = LookUp::failed}, rules, failed));
  EXPECT_FALSE(name.take({.outcome = LookUp::missing}, rules, failed + minutes(30)));
  EXPECT_EQ(name.expires(rules), failed + hours(1));
  EXPECT_FALSE(name.expire(rules, failed + minutes(59)));
  EXPECT_TRUE(name.expire(rules, failed + hours(1)));
  EXPECT_TRUE(name.addresses().empty());
  EXPECT_FALSE(name.expire(rules, failed + hours(2)));
  EXPECT_TRUE(name.take(found({"192.0.2.1"}), rules, failed + hours(3))) << "it is back";
}

TEST(KnownName, an_answer_in_between_begins_the_age_anew) {
  const Names rules{.stale = Stale::expire, .stale_age = hours(1)};
  KnownName name;
  name.take(found({"192.0.2.1"}), rules, kLookUpStart);
  name.take({.outcome = LookUp::failed}, rules, kLookUpStart + minutes(1));
  name.take(found({"192.0.2.1"}), rules, kLookUpStart + minutes(2));
  name.take({.outcome = LookUp::failed}, rules, kLookUpStart + minutes(59));
  EXPECT_EQ(name.expires(rules), kLookUpStart + minutes(59) + hours(1));
}

TEST(KnownName, fail_drops_them_at_once) {
  const Names rules{.stale = Stale::fail};
  KnownName name;
  name.take(found({"192.0.2.1"}), rules, kLookUpStart);
  EXPECT_TRUE(name.take({.outcome = LookUp::missing}, rules, kLookUpStart));
  EXPECT_TRUE(name.addresses().empty());
}

TEST(KnownName, is_known_once_it_had_addresses) {
  KnownName name;
  EXPECT_FALSE(name.take({.outcome = LookUp::missing}, {}, kLookUpStart));
  EXPECT_FALSE(name.was_known());
  name.take(found({"192.0.2.1"}), {}, kLookUpStart);
  EXPECT_TRUE(name.was_known());
}

TEST(Pause, goes_by_the_ttl_within_its_bounds) {
  const Names rules{.refresh = seconds(30), .ttl_min = seconds(1), .ttl_max = minutes(5)};
  EXPECT_EQ(pause_after(found({"192.0.2.1"}, seconds(17)), rules, 0), seconds(17));
  EXPECT_EQ(pause_after(found({"192.0.2.1"}, seconds(0)), rules, 0), seconds(1));
  EXPECT_EQ(pause_after(found({"192.0.2.1"}, hours(9)), rules, 0), minutes(5));
  EXPECT_EQ(pause_after(found({"192.0.2.1"}), rules, 0), seconds(30)) << "no TTL is known";
  EXPECT_EQ(pause_after({.outcome = LookUp::missing, .ttl = seconds(60)}, rules, 0), seconds(60)) << "negative";
}

RC_GTEST_PROP(Pause, a_dead_server_is_asked_ever_less_often, ()) {
  Names rules;
  rules.ttl_min = Duration(*rc::gen::inRange(1, 5000));
  rules.refresh = Duration(*rc::gen::inRange(1, 100'000));
  Duration before{0};
  for (std::uint32_t failures = 1; failures < 40; ++failures) {
    const Duration pause = pause_after({.outcome = LookUp::failed}, rules, failures);
    RC_ASSERT(pause >= std::max(before, rules.ttl_min));
    RC_ASSERT(pause <= std::max(rules.refresh, rules.ttl_min));
    if (failures > 1) RC_ASSERT(pause <= before * 2);
    before = pause;
  }
  RC_ASSERT(before == std::max(rules.refresh, rules.ttl_min));
}

}  // namespace
}  // namespace lastbyte::upstream
