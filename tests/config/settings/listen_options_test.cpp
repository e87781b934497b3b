// The settings of listening sockets and the table of their options (net/socket/listen_options.h) say the same.
#include "net/socket/listen_options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "config/settings/settings.h"
#include "tests/net/socket/every_option.h"

namespace lastbyte::config {
namespace {

using relay::Forwarding;

/// The option that the setting sets; nullptr: it sets none.
const net::ListenOption* option_of(const Setting& setting) {
  Forwarding every;
  every.client = net::test::every_option_changed();
  every.client.socket.keepalive.enabled = true;
  Forwarding changed;
  std::get<Field<Forwarding>>(setting.field).copy(changed, every);
  const net::ListenOptions standard = Forwarding().client;
  const auto all = net::listen_options();
  const auto found =
      std::ranges::find_if(all, [&](const auto& each) { return each.differs(standard, changed.client); });
  return found == all.end() ? nullptr : &*found;
}

TEST(ListenOptionSettings, each_option_names_the_settings_that_set_it) {
  std::map<std::string_view, int> settings_of;
  for (const Setting& setting : settings()) {
    if (setting.owner() != kOwner<Forwarding> || setting.key == "client.keepalive.enabled") continue;
    const net::ListenOption* option = option_of(setting);
    if (option == nullptr) continue;
    EXPECT_TRUE(setting.key.starts_with(option->setting)) << setting.key << " sets " << option->setting;
    EXPECT_FALSE(option->setting.empty()) << setting.key;
    ++settings_of[option->setting];
  }
  for (const net::ListenOption& option : net::listen_options())
    EXPECT_TRUE(option.setting.empty() || settings_of.contains(option.setting)) << option.setting;
}

TEST(ListenOptionSettings, a_setting_has_an_effect_wherever_its_option_is_on) {
  const auto applies = [](const Setting& setting, const char* listen) {
    Forwarding forwarding;
    forwarding.listen = *net::parse_endpoint(listen, net::EndpointUse::listen);
    return std::get<Field<Forwarding>>(setting.field).applies(forwarding);
  };
  for (const Setting& setting : settings()) {
    const net::ListenOption* option = setting.owner() == kOwner<Forwarding> ? option_of(setting) : nullptr;
    if (option == nullptr) continue;
    const auto is_on = [&](auto transport) { return (option->on & transport) != 0; };
    EXPECT_TRUE(!is_on(net::kOnTcp) || applies(setting, "tcp:127.0.0.1:80")) << setting.key;
    EXPECT_TRUE(!is_on(net::kOnUdp) || applies(setting, "udp:127.0.0.1:80")) << setting.key;
    EXPECT_TRUE(!is_on(net::kOnUnix) || applies(setting, "unix:/path") || applies(setting, "unix:@name"))
        << setting.key;
    // client.send-buffer is set on what a UNIX listener accepts (unix/stream.h), not on itself.
    if (setting.key == "client.send-buffer") continue;
    EXPECT_EQ(is_on(net::kOnTcp), applies(setting, "tcp:127.0.0.1:80")) << setting.key;
    EXPECT_EQ(is_on(net::kOnUdp), applies(setting, "udp:127.0.0.1:80")) << setting.key;
    EXPECT_EQ(is_on(net::kOnUnix), applies(setting, "unix:/path") || applies(setting, "unix:@name")) << setting.key;
  }
}

}  // namespace
}  // namespace lastbyte::config
