// The place of a setting.
#pragma once

#include <string>

namespace lastbyte::config {

/// The place of a setting: a file with line and column (both from 1), or a flag ("--listen").
struct Origin {
  std::string source;
  int line = 0;  ///< 0: no line is known, or a flag
  int column = 0;

  [[nodiscard]] std::string text() const;  ///< "proxy.yaml:3:11" or "--listen"

  friend bool operator==(const Origin&, const Origin&) = default;
};

}  // namespace lastbyte::config
