// Each setting means the same as a flag and in a file.
#include <gtest/gtest.h>

#include <map>

#include "config/settings/config.h"
#include "config/settings/settings.h"

namespace lastbyte::config {
namespace {

Config loaded_config(const Loaded& loaded) {
  std::string problems;
  for (const Problem& problem : loaded.problems) problems += problem.text() + "\n";
  EXPECT_EQ(problems, "");
  return loaded.config.value_or(Config{});
}

/// A value other than the default for every setting, for both YAML and flag.
const std::map<std::string, std::string>& samples() {
  static const std::map<std::string, std::string> kValues = {
      {"workers", "1"},
      {"io", "auto"},
      {"trace", "on"},
      {"max-sessions", "1000"},
      {"drain", "7s"},
      {"bind-retry", "3s"},
      {"shutdown-delay", "4s"},
      {"admin.listen", "unix:/run/lastbyte/one.sock"},
      {"admin.token-file", "/etc/lastbyte/token"},
      {"dashboard.listen", "unix:/run/lastbyte/page.sock"},
      {"user", "nobody"},
      {"group", "nogroup"},
      {"log.target", "/var/log/lastbyte.log"},
      {"log.messages", "stdout"},
      {"log.facility", "local3"},
      {"log.app-name", "edge"},
      {"log.format", "json"},
      {"log.level", "debug"},
      {"log.sessions", "failures"},
      {"log.sample", "0.5"},
      {"log.ignore-empty", "true"},
      {"log.begin", "true"},
      {"log.every", "10m"},
      {"shutdown-delay", "4s"},
      {"name", "web"},
      {"listen", "tcp::80"},
      {"connect", "tcp:db.example:5432"},
      {"early-fin", "abort"},
      {"connect-on", "data"},
      {"limits.first-byte", "8s"},
      {"late-fin", "abort"},
      {"max-sessions-per-client", "3"},
      {"limits.connect", "1s"},
      {"limits.idle", "2s"},
      {"limits.half-close", "3s"},
      {"limits.reset-flush", "4s"},
      {"limits.proxy-header", "5500ms"},
      {"limits.datagram-idle", "18s"},
      {"when-full", "oldest"},
      {"linger.mode", "on"},
      {"linger.time", "20s"},
      {"linger.timeout", "6s"},
      {"nodelay", "false"},
      {"keepalive.enabled", "true"},
      {"keepalive.idle", "11s"},
      {"keepalive.interval", "12s"},
      {"keepalive.count", "13"},
      {"user-timeout", "14500ms"},
      {"send-buffer", "64k"},
      {"receive-buffer", "128k"},
      {"mark", "0x15"},
      {"interface", "eth0"},
      {"client.backlog", "100"},
      {"client.defer-accept", "16s"},
      {"client.fast-open", "17"},
      {"client.freebind", "true"},
      {"client.reuse-port", "true"},
      {"client.unix-mode", "0660"},
      {"client.unix-uid", "1000"},
      {"client.unix-gid", "0"},
      {"client.allow", "10.0.0.0/8"},
      {"client.deny", "2001:db8::/32"},
      {"client.proxy-protocol", "optional"},
      {"client.proxy-trusted", "10.0.0.1"},
      {"root", "pid:1234"},
      {"netns", "blue"},
      {"upstream.transparent", "ip"},
      {"upstream.proxy-protocol", "v2"},
      {"upstream.fast-open", "true"},
      {"upstream.time-wait", "remove"},
      {"upstream.sources", "10.0.0.1"},
      {"names.resolver", "dns"},
      {"names.family", "ipv4"},
      {"names.refresh", "11s"},
      {"names.ttl-min", "2s"},
      {"names.ttl-max", "6m"},
      {"names.timeout", "4s"},
      {"names.servers", "10.0.0.53:53"},
      {"names.stale", "expire"},
      {"names.stale-age", "2h"},
      {"names.unknown", "wait"},
      {"names.drain-age", "1h"},
      {"retry.retry-on", "connect-failure"},
      {"retry.per-try-timeout", "600ms"},
      {"retry.backoff", "2ms"},
      {"retry.longest-backoff", "9s"},
      {"retry.attempts", "4"},
      {"retry.budget", "30%"},
      {"retry.replay", "32k"},
  };
  return kValues;
}

/// What else has to be said for a setting to have an effect.
const std::map<std::string, std::map<std::string, std::string>>& companions() {
  static const std::map<std::string, std::map<std::string, std::string>> kOthers = {
      {"log.facility", {{"log.target", "syslog"}}},
      {"log.app-name", {{"log.target", "syslog"}}},
      {"limits.proxy-header", {{"client.proxy-protocol", "required"}}},
      {"client.proxy-trusted", {{"client.proxy-protocol", "required"}}},
      {"limits.first-byte", {{"connect-on", "data"}}},
      {"limits.datagram-idle", {{"connect", "udp:db.example:53"}}},
      {"when-full", {{"listen", "udp:127.0.0.1:53"}, {"connect", "udp:db.example:53"}}},
      {"client.unix-mode", {{"listen", "unix:/run/x.sock"}}},
      {"client.unix-uid", {{"listen", "unix:/run/x.sock"}}},
      {"client.unix-gid", {{"listen", "unix:/run/x.sock"}}},
      {"client.root", {{"listen", "unix:/run/x.sock"}}},
      {"upstream.root", {{"connect", "unix:/run/x.sock"}}},
      {"names.ttl-min", {{"names.resolver", "dns"}}},
      {"names.ttl-max", {{"names.resolver", "dns"}}},
      {"names.servers", {{"names.resolver", "dns"}}},
      {"names.stale-age", {{"names.stale", "expire"}}},
      {"retry.per-try-timeout", {{"retry.retry-on", "connect-failure"}}},
      {"retry.backoff", {{"retry.retry-on", "connect-failure"}}},
      {"retry.longest-backoff", {{"retry.retry-on", "connect-failure"}}},
      {"retry.attempts", {{"retry.retry-on", "reset"}, {"retry.replay", "64k"}}},
      {"retry.budget", {{"retry.retry-on", "reset"}, {"retry.replay", "64k"}}},
      {"retry.replay", {{"retry.retry-on", "reset"}, {"retry.replay", "64k"}}},
  };
  return kOthers;
}

/// Both sides have the settings of a socket; a listed key without its side stands for both.
std::string sample_for(const Setting& setting) {
  const auto own = samples().find(setting.key);
  if (own != samples().end()) return own->second;
  const auto shared = samples().find(setting.key.substr(setting.key.find('.') + 1));
  EXPECT_NE(shared, samples().end()) << "no sample for " << setting.key;
  return shared == samples().end() ? "" : shared->second;
}

/// The mapping {a: {b: {c: value}}} for the key a.b.c, in one line.
std::string flow_yaml(const std::string& key, const std::string& value) {
  const std::size_t dot = key.find('.');
  if (dot == std::string::npos) return key + ": '" + value + "'";
  return key.substr(0, dot) + ": {" + flow_yaml(key.substr(dot + 1), value) + "}";
}

/// The least forwarding and these settings, as a file and as flags, which are to mean the same.
Config of_settings(std::map<std::string, std::string> values) {
  values.emplace("listen", "tcp:127.0.0.1:80");
  values.emplace("connect", "tcp:db.example:5432");
  std::map<std::string, std::string> blocks;  // those of one block stand together
  std::map<std::string, std::string> top;     // the same of the process
  std::vector<Flag> flags;
  for (const auto& [key, value] : values) {
    const bool of_forwarding = find_key(key, OwnerKind::forwarding) != nullptr;
    flags.push_back(
        {(of_forwarding ? find_key(key, OwnerKind::forwarding) : find_key(key, OwnerKind::process))->flag, value});
    const std::size_t dot = key.find('.');
    std::string& block = (of_forwarding ? blocks : top)[key.substr(0, dot)];
    if (!block.empty()) block += ", ";
    block += dot == std::string::npos ? "'" + value + "'" : flow_yaml(key.substr(dot + 1), value);
  }
  const auto text = [](const auto& block) {
    const auto& [key, inner] = block;
    return key + ": " + (inner.starts_with('\'') ? inner : "{" + inner + "}");
  };
  std::string own;
  for (const auto& block : blocks) own += ", " + text(block);
  std::string process;
  for (const auto& block : top) process += text(block) + "\n";
  Config from_yaml = loaded_config(load_yaml(process + "forwardings:\n  - {" + own.substr(2) + "}\n", "f.yaml"));
  EXPECT_EQ(from_yaml, loaded_config(load_flags(flags)));
  return from_yaml;
}

TEST(BothForms, each_setting_means_the_same_in_yaml) {
  for (const Setting& setting : settings()) {
    // A name that both owners have is the process's here; the forwarding's has the same codec.
    SCOPED_TRACE(setting.key);
    if (setting.flag.empty()) continue;
    if (setting.owner() == OwnerKind::forwarding && find_key(setting.key, OwnerKind::process) != nullptr) continue;
    std::map<std::string, std::string> values;
    if (const auto others = companions().find(setting.key); others != companions().end()) values = others->second;
    const Config without = of_settings(values);
    const std::string value = sample_for(setting);
    values[setting.key] = value;
    const Config with = of_settings(values);
    // These samples are the defaults, because the settings beside them need that.
    const bool is_default = value == setting.standard || setting.key == "connect";
    EXPECT_EQ(with == without, is_default);
  }
}

}  // namespace
}  // namespace lastbyte::config
