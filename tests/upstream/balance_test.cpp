// Which member of a group a session gets.
#include "upstream/balance.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <random>

#include "upstream/ewma.h"
#include "upstream/maglev.h"

namespace lastbyte::upstream {
namespace {

using std::chrono::seconds;

const TimePoint kBalanceStart = TimePoint{} + std::chrono::hours(1);

/// A group whose members a test may change as it likes.
struct World {
  explicit World(std::size_t members, Policy policy = Policy::round_robin) {
    group.policy = policy;
    for (std::size_t index = 0; index < members; ++index) add(Member{});
  }
  void add(const Member& settings) {
    SnapshotMember member;
    member.name = "10.0.0." + std::to_string(look.members.size()) + ":80";
    member.figures = std::make_shared<Figures>();
    member.settings = std::make_shared<const Member>(settings);
    member.weight = settings.weight;
    member.addresses = {{*net::Address::parse("10.0.0." + std::to_string(look.members.size()), 80)}};
    look.members.push_back(std::move(member));
  }
  void limit(std::size_t member, std::uint32_t most) {
    Member settings = *look.members[member].settings;
    settings.max_sessions = most;
    look.members[member].settings = std::make_shared<const Member>(settings);
  }
  Snapshot& snapshot() {
    look.group = std::make_shared<const Group>(group);
    if (group.policy == Policy::source_hash) {
      std::vector<MaglevMember> named;
      for (const SnapshotMember& each : look.members) named.push_back({each.name, each.weight});
      look.maglev = std::make_shared<const std::vector<std::uint16_t>>(maglev_table(named));
    }
    return look;
  }
  Choice choose(Wanted wanted = {}) {
    wanted.now = now;
    wanted.random = random();
    return balance.choose(snapshot(), wanted);
  }
  /// How often each is chosen, with sessions that end at once.
  std::map<std::uint32_t, int> chosen(int times) {
    std::map<std::uint32_t, int> count;
    for (int time = 0; time < times; ++time) {
      const Choice choice = choose();
      EXPECT_EQ(choice.what, Choice::What::member);
      ++count[choice.member];
      give_back(look.members[choice.member]);
    }
    return count;
  }

  Group group;
  Snapshot look;
  Balance balance;
  TimePoint now = kBalanceStart;
  std::mt19937_64 random{1};
};

TEST(Balance, first_takes_the_first_that_is_up) {
  World world(3, Policy::first);
  EXPECT_EQ(world.choose().member, 0U);
  world.look.members[0].state = State::down;
  EXPECT_EQ(world.choose().member, 1U);
}

TEST(Balance, round_robin_is_smooth_and_goes_by_weight) {
  World world(3);
  world.look.members[0].weight = 5;
  std::string order;
  for (int time = 0; time < 14; ++time) order += static_cast<char>('a' + world.choose().member);
  EXPECT_EQ(order, "aabacaaaabacaa") << "5:1:1, spread out";
}

RC_GTEST_PROP(Balance, round_robin_gives_each_its_share_in_each_turn, ()) {
  const auto weights = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange(0U, 10U)));
  World world(weights.size());
  int sum = 0;
  for (std::size_t index = 0; index < weights.size(); ++index) {
    world.look.members[index].weight = weights[index];
    sum += static_cast<int>(weights[index]);
  }
  RC_PRE(sum > 0);
  for (int turn = 0; turn < 2; ++turn) {
    const auto count = world.chosen(sum);
    for (std::uint32_t index = 0; index < weights.size(); ++index) {
      const auto its = count.find(index);
      RC_ASSERT((its == count.end() ? 0 : its->second) == static_cast<int>(weights[index]));
    }
  }
}

TEST(Balance, round_robin_goes_on_over_snapshots) {
  World world(2);
  const std::uint32_t before = world.choose().member;
  ++world.look.generation;
  std::swap(world.look.members[0], world.look.members[1]);
  EXPECT_EQ(world.choose().member, before) << "it is the other one, which has moved there";
}

TEST(Balance, least_sessions_goes_by_weight) {
  World world(2, Policy::least_sessions);
  world.look.members[1].weight = 3;
  std::map<std::uint32_t, int> count;
  for (int time = 0; time < 40; ++time) ++count[world.choose().member];
  EXPECT_EQ(count[0], 10);
  EXPECT_EQ(count[1], 30);
}

TEST(Balance, random_two_never_takes_the_most_loaded_of_all) {
  World world(4, Policy::random_two);
  world.look.members[2].figures->sessions = 1000;
  const auto count = world.chosen(2000);
  EXPECT_FALSE(count.contains(2));
  for (const std::uint32_t member : {0U, 1U, 3U}) EXPECT_GT(count.at(member), 500);
}

TEST(Balance, fastest_takes_the_cheapest_and_comes_back_to_one_that_was_slow) {
  World world(2, Policy::fastest);
  take_sample(*world.look.members[0].figures, kBadEnding, world.now);
  take_sample(*world.look.members[1].figures, std::chrono::microseconds(300), world.now);
  EXPECT_EQ(world.chosen(50), (std::map<std::uint32_t, int>{{1, 50}}));
  world.now += 10 * kEwmaTime;
  take_sample(*world.look.members[1].figures, std::chrono::microseconds(300), world.now);
  EXPECT_EQ(world.choose().member, 0U) << "what it cost was long ago";
}

TEST(Balance, source_hash_keeps_a_client_at_its_member) {
  World world(5, Policy::source_hash);
  std::map<int, std::uint32_t> at;
  const auto source = [](int client) {
    return source_hash(*net::Address::parse("192.0.2." + std::to_string(client), 1));
  };
  for (int client = 0; client < 250; ++client) at[client] = world.choose({.source = source(client)}).member;
  world.look.members[3].state = State::down;
  std::map<std::uint32_t, int> heirs;
  for (int client = 0; client < 250; ++client) {
    const std::uint32_t now = world.choose({.source = source(client)}).member;
    if (at[client] == 3) {
      ++heirs[now];
    } else {
      EXPECT_EQ(now, at[client]) << "only clients of the member that is down move";
    }
  }
  EXPECT_EQ(heirs.size(), 4U) << "no single one inherits them all";
  world.look.members[3].state = State::up;
  for (int client = 0; client < 250; ++client)
    EXPECT_EQ(world.choose({.source = source(client)}).member, at[client]) << "they return";
}

TEST(Balance, clients_without_an_address_get_any_member) {
  World world(3, Policy::source_hash);
  EXPECT_EQ(world.chosen(300).size(), 3U);
}

TEST(Balance, a_member_that_returns_reaches_its_weight_slowly) {
  World world(2);
  world.group.slow_start = seconds(100);
  world.look.members[0].up_since = world.now;
  Snapshot& snapshot = world.snapshot();
  EXPECT_EQ(weight_now(snapshot, snapshot.members[0], world.now), 100U);
  EXPECT_EQ(weight_now(snapshot, snapshot.members[0], world.now + seconds(50)), 500U);
  EXPECT_EQ(weight_now(snapshot, snapshot.members[0], world.now + seconds(100)), 1000U);
  EXPECT_EQ(world.chosen(110), (std::map<std::uint32_t, int>{{0, 10}, {1, 100}}));
}

TEST(Balance, backups_serve_where_too_few_others_are_healthy) {
  World world(2);
  world.add({.endpoint = {}, .backup = true, .max_sessions = {}, .options = {}});
  EXPECT_EQ(candidates(world.snapshot(), 0), (std::vector<bool>{true, true, false}));
  world.look.members[0].state = State::down;
  EXPECT_EQ(candidates(world.snapshot(), 0), (std::vector<bool>{false, true, false}));
  world.group.backup_below = 60;
  EXPECT_EQ(candidates(world.snapshot(), 0), (std::vector<bool>{false, true, true}));
  world.group.backup_below = 1;
  world.look.members[1].state = State::ejected;
  EXPECT_EQ(candidates(world.snapshot(), 0), (std::vector<bool>{false, false, true}));
}

TEST(Balance, in_panic_health_is_ignored_but_not_the_operator) {
  World world(5);
  world.group.panic_below = 50;
  world.look.members[0].state = State::disabled;
  world.look.members[1].state = State::down;
  world.look.members[2].state = State::ejected;
  EXPECT_EQ(candidates(world.snapshot(), 0), (std::vector<bool>{false, false, false, true, true}))
      << "half are healthy";
  world.look.members[3].state = State::down;
  EXPECT_EQ(candidates(world.snapshot(), 0), (std::vector<bool>{false, true, true, true, true}));
}

RC_GTEST_PROP(Balance, gives_only_what_may_be_had, ()) {
  const auto policy = *rc::gen::element(Policy::first, Policy::round_robin, Policy::least_sessions, Policy::random_two,
                                        Policy::source_hash, Policy::fastest);
  const std::size_t members = *rc::gen::inRange<std::size_t>(1, 7);
  World world(members, policy);
  world.random.seed(*rc::gen::arbitrary<std::uint64_t>());
  std::vector<std::uint32_t> tried;
  for (std::uint32_t index = 0; index < members; ++index) {
    SnapshotMember& member = world.look.members[index];
    member.state = *rc::gen::element(State::up, State::up, State::starting, State::down, State::ejected,
                                     State::draining, State::disabled);
    member.weight = *rc::gen::inRange(0U, 4U);
    if (*rc::gen::inRange(0, 4) == 0) member.addresses.clear();
    if (*rc::gen::arbitrary<bool>()) world.limit(index, *rc::gen::inRange(0U, 3U));
    if (*rc::gen::inRange(0, 3) == 0) tried.push_back(index);
  }
  for (int session = 0; session < 12; ++session) {
    const std::uint64_t source = *rc::gen::arbitrary<std::uint64_t>();
    const Choice choice = world.choose({.source = source, .tried = tried});
    std::size_t open = 0;
    std::size_t untried = 0;
    std::size_t with_room = 0;
    for (std::uint32_t index = 0; index < members; ++index) {
      const SnapshotMember& member = world.look.members[index];
      if (member.state != State::up || member.weight == 0 || member.addresses.empty()) continue;
      ++open;
      const bool is_tried = std::ranges::find(tried, index) != tried.end();
      untried += static_cast<std::size_t>(!is_tried);
      // The place that was just taken does not count.
      const auto sessions = member.figures->sessions -
                            static_cast<std::uint32_t>(choice.what == Choice::What::member && choice.member == index);
      with_room += static_cast<std::size_t>(!is_tried && sessions < member.settings->max_sessions.value_or(1000));
    }
    switch (choice.what) {
      case Choice::What::none: RC_ASSERT(open == 0U); break;
      case Choice::What::none_left: RC_ASSERT(open > 0U && untried == 0U); break;
      case Choice::What::full: RC_ASSERT(untried > 0U && with_room == 0U); break;
      case Choice::What::member: {
        const SnapshotMember& member = world.look.members[choice.member];
        RC_ASSERT(member.state == State::up && member.weight > 0 && !member.addresses.empty());
        RC_ASSERT(std::ranges::find(tried, choice.member) == tried.end());
        RC_ASSERT(member.figures->sessions <= member.settings->max_sessions.value_or(1000));
        RC_ASSERT(choice.left + 1 == with_room);
        break;
      }
    }
  }
}

}  // namespace
}  // namespace lastbyte::upstream
