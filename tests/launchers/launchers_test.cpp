// Proxies that the checker can start, and processes as it starts them.
#include "check/launchers.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>
#include <thread>

#include "check/process.h"
#include "check/scratch.h"

namespace lastbyte::check {
namespace {

const Launcher& launcher(const std::string& name) {
  return *std::ranges::find(launchers(), name, [](const Launcher& each) { return each.target.name; });
}

std::string joined(const Form& form) {
  std::string all = form.config;
  for (const std::string& word : form.command) all += word + " ";
  return all;
}

TEST(Launchers, have_names_of_their_own_and_this_program_is_the_first) {
  std::set<std::string> names;
  for (const Launcher& each : launchers()) {
    EXPECT_TRUE(names.insert(each.target.name).second) << each.target.name;
    EXPECT_NE(launcher_names().find(each.target.name), std::string::npos);
    EXPECT_FALSE(each.programs.empty());
  }
  EXPECT_EQ(launchers().front().target.name, "lastbyte");
  for (const char* name :
       {"haproxy", "nginx", "nginx-half-close", "socat", "systemd-socket-proxyd", "docker-proxy", "lxd-forkproxy"})
    EXPECT_TRUE(names.contains(name)) << name;
}

TEST(Launchers, every_form_names_both_places_in_the_way_of_its_legs) {
  for (const Launcher& each : launchers()) {
    // It is told our process, and goes to our network namespace.
    EXPECT_EQ(each.target.is_movable(), each.target.name != "lxd-forkproxy") << each.target.name;
    for (const Variant& variant : variants()) {
      if (!each.target.speaks_variant(variant)) continue;
      const std::string form = joined(each.target.form_for(variant));
      EXPECT_NE(form.find("{listen"), std::string::npos) << each.target.name << " " << variant.name;
      EXPECT_NE(form.find("{upstream"), std::string::npos) << each.target.name << " " << variant.name;
      for (const char* mark : {"LISTEN;", "UPSTREAM", "MORE"}) EXPECT_EQ(form.find(mark), std::string::npos) << form;
      // A path has no port.
      if (variant.client == Leg::unix_socket) {
        EXPECT_EQ(form.find("{listen_port}"), std::string::npos) << form;
      }
      if (variant.server == Leg::unix_socket) {
        EXPECT_EQ(form.find("{upstream_port}"), std::string::npos) << form;
      }
    }
  }
}

TEST(Launchers, speak_what_their_proxies_speak) {
  const auto speaks = [](const char* name, const char* variant) {
    return launcher(name).target.speaks_variant(*find_variant(variant));
  };
  for (const Variant& each : variants()) EXPECT_TRUE(speaks("haproxy", each.name.data())) << each.name;
  EXPECT_TRUE(speaks("nginx", "proxy-v1"));
  EXPECT_FALSE(speaks("nginx", "send-proxy-v2"));
  EXPECT_TRUE(speaks("nginx", "accept-proxy-v2"));
  EXPECT_TRUE(speaks("socat", "unix-to-tcp"));
  EXPECT_FALSE(speaks("socat", "send-proxy-v1"));
  EXPECT_TRUE(speaks("docker-proxy", "tcp"));
  EXPECT_FALSE(speaks("docker-proxy", "unix"));
  EXPECT_TRUE(speaks("lxd-forkproxy", "send-proxy-v1"));
  EXPECT_FALSE(speaks("lxd-forkproxy", "accept-proxy-v1"));
}

TEST(Launchers, are_found_by_their_program_wherever_it_is) {
  const auto signal_of = [](const char* program) { return find_launcher(program)->target.stop_signal; };
  EXPECT_EQ(signal_of("haproxy"), SIGUSR1);
  EXPECT_EQ(signal_of("/opt/haproxy-3/sbin/haproxy"), SIGUSR1);
  EXPECT_EQ(signal_of("./nginx"), SIGQUIT);
  EXPECT_EQ(signal_of("socat"), SIGTERM);
  EXPECT_EQ(find_launcher("haproxy2"), nullptr);
  EXPECT_EQ(find_launcher("/usr/sbin/haproxy/"), nullptr);
  EXPECT_EQ(find_launcher(""), nullptr);
}

TEST(Launchers, the_version_is_that_of_the_program_that_is_graded) {
  const Launcher one{.target = {.name = "x"}, .programs = {"x"}, .version_command = {"x", "version"}};
  EXPECT_EQ(version_of(one, "echo"), "version");
  const Launcher by_shell{.target = {.name = "x"}, .programs = {"x"}, .version_command = {"sh", "-c", "echo X 3"}};
  EXPECT_EQ(version_of(by_shell, "no-such-program"), "X 3");
}

TEST(Launchers, what_is_not_installed_is_named) {
  Launcher absent{.target = {}, .programs = {"sh", "no-such-program"}, .version_command = {}};
  EXPECT_EQ(missing(absent), "no-such-program");
  absent.programs = {"sh"};
  EXPECT_EQ(missing(absent), "");
  absent.files = {"/nonexistent/module.so"};
  EXPECT_EQ(missing(absent), "/nonexistent/module.so");
}

TEST(Launchers, the_version_is_the_first_line_that_is_said) {
  const Launcher one{
      .target = {.name = "x"}, .programs = {"sh"}, .version_command = {"sh", "-c", "echo X 1.2; echo and more"}};
  EXPECT_EQ(ready(one).version, "X 1.2");
  const Launcher silent{.target = {.name = "x"}, .programs = {"sh"}, .version_command = {}};
  EXPECT_EQ(ready(silent).version, "");
}

class Children : public ::testing::Test {
 protected:
  static Process start(const std::string& shell) {
    auto process = Process::start({"sh", "-c", shell}, -1);
    EXPECT_TRUE(process);
    return std::move(*process);
  }
  static bool comes_true(const std::function<bool()>& condition) {
    const TimePoint until = Clock::now() + Duration(10'000);
    while (!condition() && Clock::now() < until) std::this_thread::sleep_for(Duration(2));
    return condition();
  }
  static int wait(Process& process) {
    comes_true([&] { return process.ended().has_value(); });
    return process.ended().value_or(-1);
  }
  static void wait_for_output(const Process& process) {
    comes_true([&] { return process.output().find('\n') != std::string::npos; });
  }
};

TEST_F(Children, output_and_status_are_kept) {
  Process process = start("echo out; echo err >&2; exit 7");
  EXPECT_EQ(wait(process), 7);
  EXPECT_EQ(process.ended(), 7);  // asked for again
  process.kill();
  EXPECT_EQ(process.output(), "out\nerr\n");
}

TEST_F(Children, endless_output_takes_bounded_memory_and_no_disk) {
  Process process = start("exec yes 0123456789abcde");
  ASSERT_TRUE(comes_true([&] { return process.output().starts_with("..."); }));
  const std::string some = process.output();
  EXPECT_LE(some.size(), Capture::kKept + 100);
  // It is read on all the while, so that the child never waits for us.
  EXPECT_TRUE(comes_true([&] { return process.output().substr(0, 40) != some.substr(0, 40); }));
  EXPECT_FALSE(process.ended());
  process.kill();
  const std::string all = process.output();
  EXPECT_LE(all.size(), Capture::kKept + 100);
  EXPECT_NE(all.find("\n0123456789abcde\n"), std::string::npos);
}

TEST_F(Children, of_much_output_the_end_is_kept) {
  Process process = start("head -c 1000000 /dev/zero | tr '\\0' x; echo the last word");
  EXPECT_EQ(wait(process), 0);
  process.kill();
  const std::string all = process.output();
  EXPECT_TRUE(all.ends_with("xxthe last word\n")) << all.substr(all.size() - 40);
  EXPECT_TRUE(all.starts_with("... (" + std::to_string(1'000'014 - Capture::kKept) + " bytes before this)\n"))
      << all.substr(0, 60);
}

TEST_F(Children, a_stranger_that_keeps_the_output_open_does_not_delay_the_end) {
  // It has left the group, and writes on.
  Process process = start("setsid sh -c 'echo $$; exec sleep 60' & sleep 0.01; wait");
  wait_for_output(process);
  const pid_t stranger = std::stoi(process.output());
  process.kill();
  EXPECT_EQ(process.output(), std::to_string(stranger) + "\n");
  EXPECT_EQ(::kill(stranger, SIGKILL), 0);
}

TEST_F(Children, a_signal_is_the_childs_alone_and_shows_in_its_status) {
  Process process = start("echo up; exec sleep 60");
  wait_for_output(process);
  process.signal(SIGUSR1);
  EXPECT_EQ(wait(process), 128 + SIGUSR1);
}

TEST_F(Children, what_a_child_has_started_ends_with_it) {
  pid_t grandchild = 0;
  {
    const Process process = start("sleep 60 & echo $!; wait");
    wait_for_output(process);
    grandchild = std::stoi(process.output());
    ASSERT_EQ(::kill(grandchild, 0), 0);
  }
  const auto alive = [&] {
    const std::string state = read_file("/proc/" + std::to_string(grandchild) + "/stat");
    return !state.empty() && state.find(") Z") == std::string::npos;
  };
  EXPECT_TRUE(comes_true([&] { return !alive(); }));
}

TEST_F(Children, a_program_that_is_not_there_is_an_error) {
  const auto process = Process::start({"no-such-program"}, -1);
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().code, ENOENT);
}

TEST(ScratchDirectories, vanish_with_all_that_is_in_them) {
  std::string path;
  {
    const auto directory = ScratchDirectory::make();
    ASSERT_TRUE(directory);
    path = directory->path();
    EXPECT_TRUE(write_file(directory->file("x"), "1"));
    EXPECT_EQ(read_file(directory->file("x")), "1");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(write_file(path + "/x", "1"));
  EXPECT_EQ(read_file(path + "/x"), "");
}

}  // namespace
}  // namespace lastbyte::check
