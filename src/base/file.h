// The text of a file.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace lastbyte {

inline constexpr std::size_t kLargestFile = 16UL << 20;

/// Reads the whole file; more than `most` bytes are an error.
Result<std::string> read_file(const std::string& path, std::size_t most = kLargestFile);
/// Reads the rest of an open file, which errors call `name`. Blocks until its end.
Result<std::string> read_open_file(int fd, const std::string& name, std::size_t most = kLargestFile);
/// Replaces the content of the file, or creates it.
Result<void> write_file(const std::string& path, const std::string& text);

}  // namespace lastbyte
