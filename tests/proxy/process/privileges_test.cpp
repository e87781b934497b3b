#include "proxy/process/privileges.h"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

namespace lastbyte::proxy {
namespace {

constexpr uid_t kNobody = 65534;

/// Returns a value of /proc/thread-self/status: "CapPrm" -> "0000000000000000".
std::string status_of_self(const std::string& key) {
  std::ifstream file("/proc/thread-self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key + ":")) return line.substr(line.find_first_not_of(" \t", key.size() + 1));
  return "?";
}

/// Runs `body` in a child, because dropped privileges never return. Returns the child's answer; empty: all is well.
std::string in_child(const std::function<std::string()>& body) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string answer = body();
    (void)!::write(ends[1], answer.data(), answer.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string answer;
  char some[512];
  for (ssize_t count = 0; (count = ::read(ends[0], some, sizeof some)) > 0;)
    answer.append(some, static_cast<std::size_t>(count));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? answer : "the child died";
}

std::string check(bool well, const std::string& what) { return well ? "" : what + "; "; }

std::string drop_to_nobody(const KeptCapabilities& kept = {}) {
  const auto identity = look_up_identity("nobody", "");
  if (!identity) return identity.error().text();
  const auto dropped = drop_privileges(*identity, kept);
  return dropped ? "" : dropped.error().text();
}

class AsRoot : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can switch users";
  }
};

TEST_F(AsRoot, becomes_the_user_and_its_group_in_every_way_and_cannot_go_back) {
  EXPECT_EQ(in_child([] {
              std::string wrong = drop_to_nobody();
              uid_t ids[3];
              ::getresuid(&ids[0], &ids[1], &ids[2]);
              for (const uid_t id : ids) wrong += check(id == kNobody, "a user id is " + std::to_string(id));
              gid_t groups[3];
              ::getresgid(&groups[0], &groups[1], &groups[2]);
              for (const gid_t id : groups) wrong += check(id == kNobody, "a group id is " + std::to_string(id));
              wrong += check(::setuid(0) != 0, "root again");
              return wrong;
            }),
            "");
}

TEST_F(AsRoot, keeps_no_supplementary_group_of_root) {
  EXPECT_EQ(in_child([] {
              const std::vector<gid_t> roots{0, 4, 27};
              std::string wrong = check(::setgroups(roots.size(), roots.data()) == 0, "setgroups");
              wrong += drop_to_nobody();
              std::vector<gid_t> groups(64);
              const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
              for (int index = 0; index < count; ++index)
                wrong += check(groups[static_cast<std::size_t>(index)] == kNobody, "a group of root's is left");
              return wrong;
            }),
            "");
}

TEST_F(AsRoot, keeps_no_capability) {
  EXPECT_EQ(in_child([] {
              std::string wrong = drop_to_nobody();
              for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
                wrong += check(status_of_self(set) == "0000000000000000", std::string(set) + " " + status_of_self(set));
              return wrong;
            }),
            "");
}

TEST_F(AsRoot, keeps_only_what_sessions_still_need) {
  EXPECT_EQ(in_child([] {
              std::string wrong = drop_to_nobody({.net_admin = true, .net_raw = false, .net_bind_service = false});
              // CAP_NET_ADMIN is number 12 (linux/capability.h).
              wrong += check(status_of_self("CapEff") == "0000000000001000", "CapEff " + status_of_self("CapEff"));
              wrong += check(status_of_self("CapPrm") == "0000000000001000", "CapPrm " + status_of_self("CapPrm"));
              return wrong;
            }),
            "");
}

TEST_F(AsRoot, a_group_of_its_own_is_taken_instead_of_the_users) {
  EXPECT_EQ(in_child([] {
              const auto identity = look_up_identity("nobody", "12345");
              if (!identity) return identity.error().text();
              std::string wrong;
              if (const auto dropped = drop_privileges(*identity, {}); !dropped) wrong = dropped.error().text();
              return wrong + check(::getgid() == 12345 && ::getuid() == kNobody, "wrong ids");
            }),
            "");
}

TEST_F(AsRoot, somebody_who_is_not_root_cannot_become_somebody_else) {
  EXPECT_EQ(in_child([] {
              std::string wrong = drop_to_nobody();
              const auto identity = look_up_identity("12345", "");
              if (!identity) return identity.error().text();
              const auto dropped = drop_privileges(*identity, {});
              wrong += check(!dropped.has_value(), "became somebody else");
              if (!dropped)
                wrong += check(dropped.error().text().find("only root can switch users") != std::string::npos,
                               dropped.error().text());
              return wrong;
            }),
            "");
}

TEST(Privileges, no_new_privileges_is_set_even_where_nobody_is_to_be_become) {
  EXPECT_EQ(in_child([] {
              std::string wrong;
              if (const auto dropped = drop_privileges(std::nullopt, {}); !dropped) wrong = dropped.error().text();
              return wrong + check(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1, "not set");
            }),
            "");
}

TEST(Privileges, to_become_who_one_is_needs_no_root) {
  EXPECT_EQ(in_child([] {
              std::string wrong = ::geteuid() == 0 ? drop_to_nobody() : "";
              const auto identity = look_up_identity(std::to_string(::getuid()), std::to_string(::getgid()));
              if (!identity) return identity.error().text();
              if (const auto dropped = drop_privileges(*identity, {}); !dropped) wrong += dropped.error().text();
              return wrong;
            }),
            "");
}

TEST(Privileges, nobody_asked_for_is_nobody) {
  const auto identity = look_up_identity("", "");
  ASSERT_TRUE(identity);
  EXPECT_FALSE(identity->has_value());
}

TEST(Privileges, a_user_or_group_that_is_not_there_is_an_error_that_names_it) {
  const auto user = look_up_identity("no-such-user", "");
  ASSERT_FALSE(user);
  EXPECT_NE(user.error().text().find("no-such-user"), std::string::npos);
  const auto group = look_up_identity("", "no-such-group");
  ASSERT_FALSE(group);
  EXPECT_NE(group.error().text().find("no-such-group"), std::string::npos);
}

TEST(Privileges, a_number_that_means_no_change_is_no_user) { EXPECT_FALSE(look_up_identity("4294967295", "")); }

TEST(Privileges, a_number_without_a_user_entry_is_a_user_of_the_same_group) {
  const auto identity = look_up_identity("54321", "");
  ASSERT_TRUE(identity);
  EXPECT_EQ((*identity)->uid, 54321U);
  EXPECT_EQ((*identity)->gid, 54321U);
}

}  // namespace
}  // namespace lastbyte::proxy
