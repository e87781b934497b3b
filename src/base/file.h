// The text of a file.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace lastbyte {

inline constexpr std::size_t kLargestFile = 16UL << 20;

/// The whole of it; more than `most` bytes are an error.
Result<std::string> read_file(const std::string& path, std::size_t most = kLargestFile);
/// What is left in an open one, which `name` stands for in errors. Blocks until its end.
Result<std::string> read_open_file(int fd, const std::string& name, std::size_t most = kLargestFile);
/// Replaces what the file holds, or creates it.
Result<void> write_file(const std::string& path, const std::string& text);

}  // namespace lastbyte
