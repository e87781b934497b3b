// Where a setting stands.
#pragma once

#include <string>

namespace lastbyte::config {

/// Where a setting stands: a file with line and column (both from 1), or a flag ("--listen").
struct Origin {
  std::string source;
  int line = 0;  ///< 0: no line is known, or it is a flag
  int column = 0;

  [[nodiscard]] std::string text() const;  ///< "proxy.yaml:3:11" or "--listen"

  friend bool operator==(const Origin&, const Origin&) = default;
};

}  // namespace lastbyte::config
