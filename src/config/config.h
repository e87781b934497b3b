// config: YAML and flags into one validated Config, or errors that say where, what, and what was expected.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "relay/forwarding.h"

namespace lastbyte::config {

enum class LogFormat : std::uint8_t { text, json };

struct Log {
  LogFormat format = LogFormat::text;
  std::string target = "stderr";  ///< "stderr", "off", or a file's path (reopened on SIGUSR1)

  friend bool operator==(const Log&, const Log&) = default;
};

struct Config {
  std::vector<relay::Forwarding> forwardings;
  unsigned workers = 0;  ///< 0: one a core
  std::optional<std::uint32_t> max_sessions;  ///< over all; not set: as many as the descriptors allow
  Duration drain{std::chrono::seconds(30)};
  Log log;
  std::string user;   ///< switch to it after bind; empty: stay
  std::string group;  ///< empty: the user's own

  friend bool operator==(const Config&, const Config&) = default;
};

/// Where a setting stands: a file with line and column (both from 1), or a flag ("--listen").
struct Origin {
  std::string source;
  int line = 0;
  int column = 0;

  [[nodiscard]] std::string text() const;  ///< "proxy.yaml:3:11" or "--listen"
};

/// One thing that is wrong: "proxy.yaml:3:11: listen: 'tcp::70000': the port is 70000; expected 0 to 65535".
struct Problem {
  Origin where;
  std::string what;
  [[nodiscard]] std::string text() const;
};

/// A Config, or every problem that was found (at least one), in the order of the file.
struct Loaded {
  std::optional<Config> config;
  std::vector<Problem> problems;
};

/// Pure. `name` is shown in problems.
Loaded load_yaml(std::string_view text, const std::string& name);
/// Reads the file first; that it cannot be read is a problem like any other.
Loaded load_file(const std::string& path);

/// A span of time as users write it: "500ms", "5s", "2m", "1h", "1d"; a bare number has no unit and is an error.
tl::expected<Duration, std::string> parse_duration(std::string_view text);
/// A size in bytes: "4096", "64k", "4M", "1G" (powers of 1024).
tl::expected<std::uint64_t, std::string> parse_size(std::string_view text);

}  // namespace lastbyte::config
