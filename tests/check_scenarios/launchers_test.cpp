// Proxies that the checker can start, and processes as it starts them.
#include "check/launchers.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <thread>

#include "check/process.h"

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

TEST(Launchers, HaveNamesOfTheirOwnAndThisProgramIsTheFirst) {
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

TEST(Launchers, EveryFormNamesBothPlacesInTheWayOfItsLegs) {
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

TEST(Launchers, SpeakWhatTheirProxiesSpeak) {
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

TEST(Launchers, WhatIsNotInstalledIsNamed) {
  Launcher absent{.target = {}, .programs = {"sh", "no-such-program"}, .version_command = {}};
  EXPECT_EQ(missing(absent), "no-such-program");
  absent.programs = {"sh"};
  EXPECT_EQ(missing(absent), "");
  absent.files = {"/nonexistent/module.so"};
  EXPECT_EQ(missing(absent), "/nonexistent/module.so");
}

TEST(Launchers, TheVersionIsTheFirstLineThatIsSaid) {
  const Launcher one{
      .target = {.name = "x"}, .programs = {"sh"}, .version_command = {"sh", "-c", "echo X 1.2; echo and more"}};
  EXPECT_EQ(ready(one).version, "X 1.2");
  const Launcher silent{.target = {.name = "x"}, .programs = {"sh"}, .version_command = {}};
  EXPECT_EQ(ready(silent).version, "");
}

class Children : public ::testing::Test {
 protected:
  Children() : directory_(*ScratchDirectory::make()) {}

  Process start(const std::string& shell) {
    auto process = Process::start({"sh", "-c", shell}, directory_.file("output"), -1);
    EXPECT_TRUE(process);
    return std::move(*process);
  }
  static int wait(Process& process) {
    const TimePoint until = Clock::now() + Duration(10'000);
    while (!process.ended() && Clock::now() < until) std::this_thread::sleep_for(Duration(2));
    return process.ended().value_or(-1);
  }
  [[nodiscard]] std::string output() const { return read_file(directory_.file("output")); }
  void wait_for_output() const {
    const TimePoint until = Clock::now() + Duration(10'000);
    while (output().find('\n') == std::string::npos && Clock::now() < until) std::this_thread::sleep_for(Duration(2));
  }

  ScratchDirectory directory_;
};

TEST_F(Children, OutputAndStatusAreKept) {
  Process process = start("echo out; echo err >&2; exit 7");
  EXPECT_EQ(wait(process), 7);
  EXPECT_EQ(output(), "out\nerr\n");
  EXPECT_EQ(process.ended(), 7);  // asked for again
}

TEST_F(Children, ASignalIsTheChildsAloneAndShowsInItsStatus) {
  Process process = start("echo up; exec sleep 60");
  wait_for_output();
  process.signal(SIGUSR1);
  EXPECT_EQ(wait(process), 128 + SIGUSR1);
}

TEST_F(Children, WhatAChildHasStartedEndsWithIt) {
  pid_t grandchild = 0;
  {
    const Process process = start("sleep 60 & echo $!; wait");
    wait_for_output();
    grandchild = std::stoi(output());
    ASSERT_EQ(::kill(grandchild, 0), 0);
  }
  const auto alive = [&] {
    const std::string state = read_file("/proc/" + std::to_string(grandchild) + "/stat");
    return !state.empty() && state.find(") Z") == std::string::npos;
  };
  const TimePoint until = Clock::now() + Duration(10'000);
  while (alive() && Clock::now() < until) std::this_thread::sleep_for(Duration(2));
  EXPECT_FALSE(alive());
}

TEST_F(Children, AProgramThatIsNotThereIsAnError) {
  const auto process = Process::start({"no-such-program"}, directory_.file("output"), -1);
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().code, ENOENT);
}

TEST(ScratchDirectories, VanishWithAllThatIsInThem) {
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
