// Every option once: its letter, its name, what it does to Options, and its line in --help.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "sock/command/sock.h"

namespace lastbyte::sock {

/// Decisions that need all options and operands.
struct Draft {
  Options options;
  bool listen_as_nc = false;  ///< -l rather than -s
  bool unix_domain = false;
  bool udp = false;
  bool scan = false;
  std::string port;  ///< -p
  std::string bind;  ///< -b, as it was written
  std::optional<AtEof> at_eof;
  std::optional<AtPeerEof> at_peer_eof;
  std::optional<std::size_t> write_size;
};

enum class Takes : std::uint8_t { nothing, value, optional_value };
enum class Group : std::uint8_t { role, address, socket, data, time, end, tell };

struct OptionRow {
  Group group;
  char letter;  ///< 0: none
  const char* name;
  Takes takes;
  const char* placeholder;  ///< "BYTES"; empty without a value
  Result<void> (*apply)(Draft& draft, std::string_view value);
  const char* help;
};

std::span<const OptionRow> option_table();
/// "Who listens", the heading of a group in --help.
std::string_view heading(Group group);

}  // namespace lastbyte::sock
