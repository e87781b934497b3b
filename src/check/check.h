// check: grades how a TCP proxy or server ends connections. A scripted client and a scripted server play every ending
// that docs/check.md lists, with the proxy between them. Each scenario gets a verdict with evidence. This file is the
// room's interface.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/address/address.h"

namespace lastbyte::check {

/// The exit statuses, as in the manual.
inline constexpr int kExitPassed = 0;  ///< every scenario that was played passed
inline constexpr int kExitFailed = 1;  ///< at least one scenario failed
inline constexpr int kExitCannot = 2;  ///< the usage is wrong, or the target could not be started or reached

enum class Mode : std::uint8_t {
  help,     ///< print usage()
  list,     ///< print the scenarios
  self,     ///< grade this program as a proxy
  command,  ///< grade a proxy that the checker starts with `command`
  running,  ///< grade a proxy that already runs
  plain,    ///< grade plain TCP, without a proxy
  peers,    ///< grade this program and every known proxy that is installed
};

struct Options {
  Mode mode = Mode::help;

  // Mode::command
  std::string command;              ///< with placeholders, see target.h; the proxy must stay in the foreground
  std::string config;               ///< path of a template for {config}; empty: none
  std::uint16_t listen_port = 0;    ///< the command listens on this port of 127.0.0.1; 0: on {listen_port}
  std::uint16_t upstream_port = 0;  ///< the command connects to this port of 127.0.0.1; 0: to {upstream_port}
  int stop_signal = 0;              ///< asks the proxy for a graceful stop; 0: the known proxy's own, else SIGTERM

  // Mode::running
  net::Address proxy;     ///< where it listens
  net::Address upstream;  ///< where it connects to; the checker listens there
  pid_t pid = 0;          ///< to watch its memory and sockets; 0: not known

  std::vector<std::string> peers;     ///< Mode::peers: grade only these proxies; empty: all
  std::string name;                   ///< the proxy's name in reports; empty: derived from its command or address
  std::vector<std::string> variants;  ///< names of variants; empty: all that the target is known to speak
  std::vector<std::string> only;      ///< names of scenarios (* and ? as in a shell) or clauses; empty: all
  std::uint32_t rounds = 0;           ///< maximum for each scenario; 0: as the scenario defines
  std::uint32_t repeat = 1;           ///< factor for the rounds of each scenario
  bool slow = false;                  ///< also play scenarios that take minutes, and more rounds of the others
  bool lossy = false;                 ///< also play scenarios over links with delay, loss and reordering; needs root
  unsigned at_once = 6;               ///< scenarios played at the same time, if several proxies can be started
  bool verbose = false;               ///< print the evidence of passed scenarios, too

  // Files to write. Empty: none. "-": standard output
  std::string json;
  std::string junit;
  std::string markdown;  ///< Mode::list: docs/check.md; else the matrix
  std::string html;      ///< the matrix
  std::string svg;       ///< the matrix as a picture
};

/// Parses the arguments after `lastbyte check`. Its only I/O is to look up host names. In an error, `operation` is the
/// argument and `detail` what was expected.
Result<Options> parse(std::span<const std::string> arguments);

/// Runs the command and returns the exit status. It blocks until the end. If a signal ends the process early, the
/// started proxies are killed and their files removed. Results go to standard output, problems to standard error.
int run(const Options& options);

/// The text of --help.
std::string usage();

/// A flag of the command line, as --help shows it.
struct FlagHelp {
  std::string name;         ///< without dashes
  std::string placeholder;  ///< empty: the flag takes no value
  std::string help;
};
std::vector<FlagHelp> flags_with_help();

}  // namespace lastbyte::check
