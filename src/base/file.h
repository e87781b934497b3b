// The text of a file.
#pragma once

#include <string>

#include "base/result.h"

namespace lastbyte {

/// The whole of it; more than 16 MiB is an error.
Result<std::string> read_file(const std::string& path);
/// What is left in an open one, which `name` stands for in errors. Blocks until its end.
Result<std::string> read_open_file(int fd, const std::string& name);
/// Replaces what the file holds, or creates it.
Result<void> write_file(const std::string& path, const std::string& text);

}  // namespace lastbyte
