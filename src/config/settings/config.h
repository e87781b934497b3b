// config: turns YAML and flags into one validated Config, or into errors that say where, what, and what was expected.
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

/// How workers send. epoll: one system call per send. io_uring: the sends of a round of events together. automatic:
/// io_uring where the kernel allows it.
enum class Io : std::uint8_t { epoll, io_uring, automatic };
/// Whether lastbyte traces the kernel for resets of sessions' connections.
enum class Trace : std::uint8_t {
  off,
  automatic,  ///< if the kernel allows it
  on,         ///< the start fails if the kernel does not allow it
};
/// Which sessions get a record.
enum class LogSessions : std::uint8_t {
  all,
  failures,  ///< sessions that did not end as complete
  none,
};

/// Most important first: a level includes those before it.
enum class LogLevel : std::uint8_t { error, warning, info, debug };

struct Log {
  LogFormat format = LogFormat::text;
  /// The target of records: "stderr", "stdout", "off", a syslog receiver (net/address/syslog.h), or a file's path
  /// (reopened on SIGUSR1).
  std::string target = "stderr";
  std::string messages = "stderr";    ///< target of messages for the operator: the same, except "off"
  std::uint8_t facility = 3;          ///< of syslog messages (RFC 5424, 6.2.1); 3: daemon
  std::string app_name = "lastbyte";  ///< of syslog messages
  LogLevel level = LogLevel::info;
  LogSessions sessions = LogSessions::all;
  double sample = 1;          ///< share of complete sessions that get a record
  bool begin = false;         ///< a session also gets a record when it begins
  Duration every{0};          ///< an open session gets a record at this interval; 0: none
  bool ignore_empty = false;  ///< probes, sessions without data or a failure, get no record

  friend bool operator==(const Log&, const Log&) = default;
};

/// Where lastbyte answers an administrator's requests.
struct AdminListen {
  bool automatic = true;            ///< a UNIX socket in the runtime directory, if there is one
  std::optional<net::Endpoint> at;  ///< nullopt, and not automatic: nowhere

  friend bool operator==(const AdminListen&, const AdminListen&) = default;
};

/// The listening endpoints for operators, beside those for clients. A TCP endpoint has one port.
struct Doors {
  std::optional<net::Endpoint> metrics;
  AdminListen admin;
  std::string token_file;  ///< empty: none
  std::optional<net::Endpoint> dashboard;

  friend bool operator==(const Doors&, const Doors&) = default;
};

struct Config {
  std::vector<upstream::Group> groups;  ///< in the order of the file; names are unique
  std::vector<relay::Forwarding> forwardings;
  unsigned workers = 0;  ///< 0: one per core
  Io io = Io::epoll;
  Trace trace = Trace::off;
  std::optional<std::uint32_t> max_sessions;  ///< in total; not set: as many as the descriptors allow
  Duration drain{std::chrono::seconds(30)};
  Duration bind_retry{0};      ///< at the start: how long to retry listening
  Duration shutdown_delay{0};  ///< how long a stop continues to accept while /readyz fails
  Log log;
  Doors doors;
  std::string user;   ///< user to switch to after bind; empty: stay
  std::string group;  ///< empty: the user's own group

  friend bool operator==(const Config&, const Config&) = default;
};

/// One error or warning: "proxy.yaml:3:11: listen: 'tcp::70000': the port is '70000'; expected 0 to 65535".
struct Problem {
  Origin where;
  std::string what;

  [[nodiscard]] std::string text() const;

  friend bool operator==(const Problem&, const Problem&) = default;
};

/// A Config, or all problems found (at least one), in the order of the file; those of flags come last. A Config may
/// have warnings, in the same order: valid settings that are dangerous together.
struct Loaded {
  std::optional<Config> config;
  std::vector<Problem> problems;
  std::vector<Problem> warnings = {};
  Places places = {};  ///< places of the Config's forwardings
};

/// A setting as a flag, in the order of the command line: {"listen", "tcp::80"} for --listen tcp::80.
struct Flag {
  std::string name;
  std::string value;
};

/// Loads a Config from YAML text. Pure. `name` appears in problems. `overrides` take precedence over the file;
/// overrides of a forwarding's settings are problems.
Loaded load_yaml(std::string_view text, const std::string& name, const std::vector<Flag>& overrides = {});
/// Reads the file, then loads it. A file that cannot be read is a problem like any other.
Loaded load_file(const std::string& path, const std::vector<Flag>& overrides = {});
/// Loads a Config from flags: one forwarding and the process's own settings. Pure. A flag for a list takes its values
/// with commas, or repeated.
Loaded load_flags(const std::vector<Flag>& flags);

/// Prints the whole of a valid Config as YAML, defaults included, without settings that have no effect. Loading the
/// text gives the same Config.
std::string print_yaml(const Config& config);

}  // namespace lastbyte::config
