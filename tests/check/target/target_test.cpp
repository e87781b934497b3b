// The known proxies as targets of a grading.
#include "check/target/target.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "launchers/launchers.h"

namespace lastbyte::check {
namespace {

const launchers::Launcher& launcher(const std::string& name) {
  return *std::ranges::find(launchers::all(), name, &launchers::Launcher::name);
}

std::string joined(const Form& form) {
  std::string all = form.config;
  for (const std::string& word : form.command) all += word + " ";
  return all;
}

TEST(KnownTargets, every_form_names_both_places_as_its_transports_write_them) {
  for (const launchers::Launcher& each : launchers::all()) {
    const Target target = target_of(each);
    // lxd-forkproxy gets the checker's process ID and enters its network namespace.
    EXPECT_EQ(target.is_movable(), target.name != "lxd-forkproxy") << target.name;
    for (const Variant& variant : variants()) {
      if (!target.speaks_variant(variant)) continue;
      const std::string form = joined(target.form_for(variant));
      EXPECT_NE(form.find("{listen"), std::string::npos) << target.name << " " << variant.name;
      EXPECT_NE(form.find("{upstream"), std::string::npos) << target.name << " " << variant.name;
      for (const char* mark : {"LISTEN;", "UPSTREAM", "MORE"}) EXPECT_EQ(form.find(mark), std::string::npos) << form;
      // A path has no port.
      if (variant.way.client == net::Transport::unix_stream) {
        EXPECT_EQ(form.find("{listen_port}"), std::string::npos) << form;
      }
      if (variant.way.server == net::Transport::unix_stream) {
        EXPECT_EQ(form.find("{upstream_port}"), std::string::npos) << form;
      }
    }
  }
}

TEST(KnownTargets, speak_what_their_proxies_speak) {
  const auto speaks = [](const char* name, const char* variant) {
    return target_of(launcher(name)).speaks_variant(*find_variant(variant));
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

}  // namespace
}  // namespace lastbyte::check
