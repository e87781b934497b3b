// config: YAML and flags into one validated Config, or errors that say where, what, and what was expected.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/time.h"
#include "config/settings/origin.h"
#include "config/settings/places.h"
#include "relay/terms/forwarding.h"
#include "upstream/terms/settings.h"

namespace lastbyte::config {

enum class LogFormat : std::uint8_t { text, json };

/// How workers send: each send a system call of its own, those of a round of events together through io_uring, or that
/// where the kernel allows it.
enum class Io : std::uint8_t { epoll, io_uring, automatic };
/// Whether the kernel is watched for resets of sessions' connections.
enum class Trace : std::uint8_t {
  off,
  automatic,  ///< where it allows it
  on,         ///< a start without it fails
};
/// Which sessions have a record.
enum class LogSessions : std::uint8_t {
  all,
  failures,  ///< those that did not end as complete
  none,
};

/// From the most important on: a level includes those before it.
enum class LogLevel : std::uint8_t { error, warning, info, debug };

struct Log {
  LogFormat format = LogFormat::text;
  /// Of records: "stderr", "stdout", "off", a syslog receiver (net/address/syslog.h), or a file's path (reopened on
  /// SIGUSR1).
  std::string target = "stderr";
  std::string messages = "stderr";    ///< of messages for the operator: the same, but "off"
  std::uint8_t facility = 3;          ///< of syslog messages (RFC 5424, 6.2.1); 3: daemon
  std::string app_name = "lastbyte";  ///< of syslog messages
  LogLevel level = LogLevel::info;
  LogSessions sessions = LogSessions::all;
  double sample = 1;          ///< the share of complete sessions that have a record
  bool begin = false;         ///< a session has a record when it begins, too
  Duration every{0};          ///< and one each time that it has been open for so long; 0: none
  bool ignore_empty = false;  ///< sessions in which nobody said anything have none

  friend bool operator==(const Log&, const Log&) = default;
};

/// Where an administrator's requests are answered.
struct AdminListen {
  bool automatic = true;            ///< a UNIX socket in the runtime directory, if there is one
  std::optional<net::Endpoint> at;  ///< nullopt, and not automatic: nowhere

  friend bool operator==(const AdminListen&, const AdminListen&) = default;
};

/// The doors for operators, beside those for clients. A TCP endpoint has one port.
struct Doors {
  std::optional<net::Endpoint> metrics;
  AdminListen admin;
  std::string token_file;  ///< empty: none
  std::optional<net::Endpoint> dashboard;

  friend bool operator==(const Doors&, const Doors&) = default;
};

struct Config {
  std::vector<upstream::Group> groups;  ///< in the order of the file; their names are unique
  std::vector<relay::Forwarding> forwardings;
  unsigned workers = 0;  ///< 0: one a core
  Io io = Io::epoll;
  Trace trace = Trace::off;
  std::optional<std::uint32_t> max_sessions;  ///< over all; not set: as many as the descriptors allow
  Duration drain{std::chrono::seconds(30)};
  Duration bind_retry{0};      ///< at the start, how long to try again to listen
  Duration shutdown_delay{0};  ///< how long a stop goes on accepting while /readyz fails
  Log log;
  Doors doors;
  std::string user;   ///< switch to it after bind; empty: stay
  std::string group;  ///< empty: the user's own

  friend bool operator==(const Config&, const Config&) = default;
};

/// One thing that is wrong: "proxy.yaml:3:11: listen: 'tcp::70000': the port is '70000'; expected 0 to 65535".
struct Problem {
  Origin where;
  std::string what;

  [[nodiscard]] std::string text() const;

  friend bool operator==(const Problem&, const Problem&) = default;
};

/// A Config, or every problem that was found (at least one), in the order of the file, those of flags last. A Config
/// may come with warnings, in the same order: settings that can be meant, and are dangerous together.
struct Loaded {
  std::optional<Config> config;
  std::vector<Problem> problems;
  std::vector<Problem> warnings = {};
  Places places = {};  ///< of the Config's forwardings
};

/// A setting as a flag, in the order of the command line: {"listen", "tcp::80"} for --listen tcp::80.
struct Flag {
  std::string name;
  std::string value;
};

/// Pure. `name` is shown in problems. `overrides` win over what the file says; those that set a forwarding are
/// problems.
Loaded load_yaml(std::string_view text, const std::string& name, const std::vector<Flag>& overrides = {});
/// Reads the file first; that it cannot be read is a problem like any other.
Loaded load_file(const std::string& path, const std::vector<Flag>& overrides = {});
/// Pure. One forwarding, and the process's own settings. A flag whose value is a list takes it with commas, or
/// repeated.
Loaded load_flags(const std::vector<Flag>& flags);

/// The whole of a valid Config as YAML, defaults included; what has no effect is left out. Loading it again gives the
/// same Config.
std::string print_yaml(const Config& config);

}  // namespace lastbyte::config
