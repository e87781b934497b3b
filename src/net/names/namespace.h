// Names of network namespaces (network_namespaces(7)).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace lastbyte::net {

/// A network namespace as users name it. The default is the process's own.
struct NamespaceName {
  enum class Kind : std::uint8_t {
    own,
    path,   ///< "/run/netns/blue": a file that stands for it, in /proc/PID/ns or bind-mounted elsewhere
    name,   ///< "blue": as for `ip netns`, that is /run/netns/blue
    pid,    ///< "pid:1234": the namespace of that process
    pidfd,  ///< "pidfd:5": the namespace of the process behind a descriptor passed to us (pidfd_open(2))
  };
  Kind kind = Kind::own;
  std::string path = {};     ///< for `path` and `name`
  std::uint32_t number = 0;  ///< for `pid` and `pidfd`

  /// "none" is the process's own namespace. The error says what was expected, without the text.
  static tl::expected<NamespaceName, std::string> parse(std::string_view text);
  /// parse(text()) returns the same name.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool own() const { return kind == Kind::own; }

  friend bool operator==(const NamespaceName&, const NamespaceName&) = default;
};

}  // namespace lastbyte::net
