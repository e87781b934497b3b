// The proxies that this program can start.
#include "launchers/launchers.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <set>
#include <string>

namespace lastbyte::launchers {
namespace {

TEST(Launchers, have_names_of_their_own_and_this_program_is_the_first) {
  std::set<std::string> seen;
  for (const Launcher& each : all()) {
    EXPECT_TRUE(seen.insert(each.name).second) << each.name;
    EXPECT_NE(names().find(each.name), std::string::npos);
    EXPECT_FALSE(each.programs.empty());
    EXPECT_TRUE(each.form({})) << each.name;
  }
  EXPECT_EQ(all().front().name, "lastbyte");
  for (const char* name :
       {"haproxy", "nginx", "nginx-half-close", "socat", "systemd-socket-proxyd", "docker-proxy", "lxd-forkproxy"})
    EXPECT_TRUE(seen.contains(name)) << name;
}

TEST(Launchers, are_found_by_their_program_wherever_it_is) {
  const auto signal_of = [](const char* program) { return find(program)->stop_signal; };
  EXPECT_EQ(signal_of("haproxy"), SIGUSR1);
  EXPECT_EQ(signal_of("/opt/haproxy-3/sbin/haproxy"), SIGUSR1);
  EXPECT_EQ(signal_of("./nginx"), SIGQUIT);
  EXPECT_EQ(signal_of("socat"), SIGTERM);
  EXPECT_EQ(find("haproxy2"), nullptr);
  EXPECT_EQ(find("/usr/sbin/haproxy/"), nullptr);
  EXPECT_EQ(find(""), nullptr);
}

TEST(Launchers, the_version_is_that_of_the_program_that_is_graded) {
  const Launcher one{.name = "x", .form = {}, .programs = {"x"}, .version_command = {"x", "version"}};
  EXPECT_EQ(version_of(one, "echo"), "version");
  const Launcher by_shell{.name = "x", .form = {}, .programs = {"x"}, .version_command = {"sh", "-c", "echo X 3"}};
  EXPECT_EQ(version_of(by_shell, "no-such-program"), "X 3");
}

TEST(Launchers, what_is_not_installed_is_named) {
  Launcher absent{.name = "x", .form = {}, .programs = {"sh", "no-such-program"}};
  EXPECT_EQ(missing(absent), "no-such-program");
  absent.programs = {"sh"};
  EXPECT_EQ(missing(absent), "");
  absent.files = {"/nonexistent/module.so"};
  EXPECT_EQ(missing(absent), "/nonexistent/module.so");
}

TEST(Launchers, the_version_is_the_first_line_that_is_said) {
  const Launcher one{
      .name = "x", .form = {}, .programs = {"sh"}, .version_command = {"sh", "-c", "echo X 1.2; echo and more"}};
  EXPECT_EQ(version_of(one), "X 1.2");
  const Launcher silent{.name = "x", .form = {}, .programs = {"sh"}};
  EXPECT_EQ(version_of(silent), "");
}

}  // namespace
}  // namespace lastbyte::launchers
