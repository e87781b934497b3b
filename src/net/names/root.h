// Names of root directories (chroot(2)), and paths that lead through another process's root.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace lastbyte::net {

/// A root directory as users name it. The default is the process's own.
struct RootName {
  enum class Kind : std::uint8_t {
    own,
    path,   ///< "/var/lib/machines/blue": the directory itself
    pid,    ///< "pid:1234": the root of that process
    pidfd,  ///< "pidfd:5": the root of the process behind a descriptor passed to us (pidfd_open(2))
  };
  Kind kind = Kind::own;
  std::string path = {};     ///< for `path`
  std::uint32_t number = 0;  ///< for `pid` and `pidfd`

  /// "none" is the process's own root. The error says what was expected, without the text.
  static tl::expected<RootName, std::string> parse(std::string_view text);
  /// parse(text()) returns the same name.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool own() const { return kind == Kind::own; }

  friend bool operator==(const RootName&, const RootName&) = default;
};

/// A path within a root directory.
struct PathInRoot {
  RootName root;
  std::string path;  ///< begins with '/'

  friend bool operator==(const PathInRoot&, const PathInRoot&) = default;
};

/// Splits a path that leads through a directory of another process, such as /proc/1234/root/run/x, into that directory
/// and the rest. The directory is root, cwd or fd/N (proc(5)) of a process or of one of its threads. The kernel would
/// resolve an absolute symbolic link after it from our own root. nullopt: the path leads through no such directory.
/// Pure.
std::optional<PathInRoot> through_process(std::string_view path);

}  // namespace lastbyte::net
