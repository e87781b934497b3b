// The text of a file that a user names.
#pragma once

#include <string>

#include "base/result.h"

namespace lastbyte::config {

/// The whole of it; more than 16 MiB is an error.
Result<std::string> read_file(const std::string& path);
/// What is left in an open one, which `name` stands for in errors. Blocks until its end.
Result<std::string> read_open_file(int fd, const std::string& name);

}  // namespace lastbyte::config
