// check: grades how a TCP proxy or server ends connections. Scripted peers on both sides of it play every ending that
// docs/check.md lists, and each gets a verdict with evidence. This file: all that a caller needs.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/address/address.h"

namespace lastbyte::check {

/// Exit statuses, as the manual has them.
inline constexpr int kExitPassed = 0;  ///< every scenario that was played has passed
inline constexpr int kExitFailed = 1;  ///< some have failed
inline constexpr int kExitCannot = 2;  ///< wrong usage, or what is to be graded could not be started or reached

enum class Mode : std::uint8_t {
  help,     ///< print usage()
  list,     ///< print the scenarios
  self,     ///< grade this program as a proxy
  command,  ///< grade a proxy that is started with `command`
  running,  ///< grade a proxy that runs already
  plain,    ///< grade plain TCP, without a proxy
  peers,    ///< grade every proxy that is known and installed, and this one
};

struct Options {
  Mode mode = Mode::help;

  // Mode::command
  std::string command;              ///< with placeholders, see target.h; must stay in the foreground
  std::string config;               ///< path of a template for {config}; empty: none
  std::uint16_t listen_port = 0;    ///< the command listens on this port of 127.0.0.1; 0: on {listen_port}
  std::uint16_t upstream_port = 0;  ///< the command connects to this port of 127.0.0.1; 0: to {upstream_port}
  int stop_signal = 0;              ///< asks the proxy for a graceful stop; 0: the known proxy's own, else SIGTERM

  // Mode::running
  net::Address proxy;     ///< where it listens
  net::Address upstream;  ///< where it connects to; the checker listens there
  pid_t pid = 0;          ///< to watch its memory and sockets; 0: not known

  std::vector<std::string> peers;     ///< Mode::peers: only these; empty: all
  std::string name;                   ///< what reports call the proxy; empty: by its command or address
  std::vector<std::string> variants;  ///< over what, by name; empty: what the target is known to speak
  std::vector<std::string> only;      ///< names (* and ? as in a shell) or clauses; empty: all
  std::uint32_t rounds = 0;           ///< at most, of each scenario; 0: as many as it takes
  std::uint32_t repeat = 1;           ///< times the rounds of each scenario
  bool slow = false;                  ///< also those that take minutes, and more rounds
  bool lossy = false;                 ///< also those over links with delay, loss and reordering; needs root
  unsigned at_once = 6;               ///< scenarios at the same time, where the proxy can be started several times
  bool verbose = false;               ///< evidence for what has passed, too

  // Files to write; empty: none; "-": standard output
  std::string json;
  std::string junit;
  std::string markdown;  ///< Mode::list: docs/check.md; else the matrix
  std::string html;      ///< the matrix
  std::string svg;       ///< likewise, as a picture
};

/// The arguments after `lastbyte check`. Does no I/O but to look up names of hosts. The error's `operation` names the
/// argument and `detail` what was expected.
Result<Options> parse(std::span<const std::string> arguments);

/// Does what was asked for; the result is the exit status. Blocks until the end. A signal that ends the process first
/// kills the proxies that it has started and removes their files. Prints on standard output, and problems on standard
/// error.
int run(const Options& options);

/// The text of --help.
std::string usage();

/// A flag of the command line as --help tells it.
struct FlagHelp {
  std::string name;         ///< without dashes
  std::string placeholder;  ///< empty: it takes no value
  std::string help;
};
std::vector<FlagHelp> flags_with_help();

}  // namespace lastbyte::check
