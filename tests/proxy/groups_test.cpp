// Which forwardings use a group, and the messages to the operator about names without an address.
#include "proxy/groups.h"

#include <gtest/gtest.h>

#include "config/settings/config.h"
#include "proxy/changes.h"

namespace lastbyte::proxy {
namespace {

config::Loaded loaded(const std::string& text) {
  config::Loaded result = config::load_yaml(text, "f.yaml");
  for (const config::Problem& problem : result.problems) ADD_FAILURE() << problem.text();
  return result;
}

WantedGroups wanted(const config::Config& config) { return groups_of(config.forwardings, config.groups); }

TEST(GroupsOf, only_names_retries_and_named_groups_cost_a_forwarding_more_than_a_fixed_address) {
  const auto config = *loaded(
                           "groups: {web: {members: ['tcp:10.0.0.1:80']}, idle: {members: ['tcp:10.0.0.1:80']}}\n"
                           "forwardings:\n"
                           "  - {name: fixed, listen: 'tcp::1', connect: 'tcp:10.0.0.1:80'}\n"
                           "  - {name: path, listen: 'tcp::2', connect: 'unix:/run/x'}\n"
                           "  - {name: name, listen: 'tcp::3', connect: 'tcp:a.example:80'}\n"
                           "  - {name: again, listen: 'tcp::4', connect: 'tcp:10.0.0.1:80', retry: {retry-on: "
                           "connect-failure}}\n"
                           "  - {name: group, listen: 'tcp::5', connect: 'group:web'}\n"
                           "  - {name: same, listen: 'tcp::6', connect: 'tcp:a.example:80'}\n"
                           "  - {name: other, listen: 'tcp::7', connect: 'tcp:a.example:80', names: {family: ipv4}}\n"
                           "  - {name: datagrams, listen: 'udp::8', connect: 'udp:a.example:80'}\n")
                           .config;
  const WantedGroups groups = wanted(config);
  const std::unordered_map<std::string, std::size_t> expected{
      {"name", 2}, {"again", 3}, {"group", 0}, {"same", 2}, {"other", 4}};
  EXPECT_EQ(groups.by_forwarding, expected);
  ASSERT_EQ(groups.all.size(), 5U);
  EXPECT_EQ(groups.all[1].settings->name, "idle") << "one that nobody uses is followed as well";
  EXPECT_EQ(groups.all[4].settings->names.family, upstream::Family::only_v4);
}

/// Returns the lines that an operator reads.
std::vector<std::string> told(const Troubles& troubles, const config::Loaded& from) {
  std::vector<std::string> lines;
  for (const observe::Statement& each : statements(troubles, from.places)) lines.push_back(each.line());
  return lines;
}

class UnknownNames : public testing::Test {
 protected:
  Groups groups_{probe::Directory::Callbacks{.on_snapshot = [](const auto&) {}, .on_message = [](const auto&) {}}};
};

TEST_F(UnknownNames, are_told_all_at_once_each_with_its_place) {
  const auto config = loaded(
      "groups:\n  web:\n    members:\n      - tcp:127.0.0.1:80\n      - tcp:one.invalid:80\n      - connect: "
      "tcp:two.invalid:80\n"
      "forwardings:\n  - {name: a, listen: 'tcp::1', connect: 'group:web'}\n"
      "  - {name: b, listen: 'tcp::2', connect: 'tcp:three.invalid:80'}\n");
  const auto result = groups_.look_up(wanted(*config.config));
  const auto lines = told(result.troubles, config);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(lines[0].starts_with("f.yaml:5:9: group 'web': look up 'one.invalid': ")) << lines[0];
  EXPECT_TRUE(lines[1].starts_with("f.yaml:6:18: group 'web': look up 'two.invalid': ")) << lines[1];
  EXPECT_TRUE(lines[2].starts_with("f.yaml:9:42: forwarding 'b': look up 'three.invalid': ")) << lines[2];
  EXPECT_TRUE(result.warnings.empty());
}

TEST_F(UnknownNames, are_waited_for_where_the_settings_say_so) {
  const auto config = loaded(
      "forwardings:\n  - {name: b, listen: 'tcp::2', connect: 'tcp:three.invalid:80', names: {unknown: wait}}\n");
  const auto result = groups_.look_up(wanted(*config.config));
  EXPECT_TRUE(result.troubles.empty());
  const auto lines = told(result.warnings, config);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("sessions cannot connect there until the name has an address"), std::string::npos)
      << lines[0];
}

TEST_F(UnknownNames, of_a_member_that_runs_do_not_fail_a_reload) {
  const std::string waits =
      "forwardings:\n  - {listen: 'tcp::2', connect: 'tcp:a.invalid:80', names: {unknown: wait}}\n";
  const auto before = loaded(waits);
  ASSERT_TRUE(groups_.look_up(wanted(*before.config)).troubles.empty());
  groups_.apply(wanted(*before.config));
  const auto after = loaded(
      "forwardings:\n  - {listen: 'tcp::2', connect: 'tcp:a.invalid:80'}\n"
      "  - {listen: 'tcp::3', connect: 'tcp:b.invalid:80'}\n");
  const auto result = groups_.look_up(wanted(*after.config));
  ASSERT_EQ(result.troubles.size(), 1U) << "the new one";
  EXPECT_NE(result.troubles.front().error.text().find("b.invalid"), std::string::npos);
  ASSERT_EQ(result.warnings.size(), 1U) << "the one that runs";
  EXPECT_NE(result.warnings.front().error.text().find("a.invalid"), std::string::npos);
}

TEST_F(UnknownNames, without_a_group_there_is_no_thread) {
  EXPECT_TRUE(groups_.look_up({}).troubles.empty());
  EXPECT_EQ(groups_.directory(), nullptr);
  EXPECT_TRUE(groups_.snapshots().empty());
}

TEST(GroupChanges, are_lines_for_the_operator) {
  upstream::Group web;
  web.name = "web";
  web.members.resize(1);
  upstream::Group other = web;
  other.policy = upstream::Policy::first;
  other.members.front().weight = 2;
  upstream::Group more;
  more.name = "more";
  EXPECT_EQ(group_changes({web}, {other, more}),
            (std::vector<std::string>{"changed (policy, members): group web", "added: group more"}));
  EXPECT_EQ(group_changes({web, more}, {web}), std::vector<std::string>{"removed: group more"});
}

}  // namespace
}  // namespace lastbyte::proxy
