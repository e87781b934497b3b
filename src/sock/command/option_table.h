// The table of options: letter, name, effect on Options, and line in --help.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "sock/command/sock.h"

namespace lastbyte::sock {

/// The options as given. What depends on several of them is decided after all were read.
struct Draft {
  Options options;
  bool listen_as_nc = false;  ///< given as -l, not -s
  bool unix_domain = false;
  bool udp = false;
  bool scan = false;
  std::string port;  ///< -p
  std::string bind;  ///< -b, unparsed
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
  const char* placeholder;  ///< "BYTES"; empty: the option takes no value
  Result<void> (*apply)(Draft& draft, std::string_view value);
  const char* help;
};

std::span<const OptionRow> option_table();
/// Returns the heading of a group in --help: "Socket options".
std::string_view heading(Group group);

}  // namespace lastbyte::sock
