// Small files of /proc, read whole.
#pragma once

#include <string>

#include "base/result.h"

namespace lastbyte::kernel {

/// The kernel makes the text as it is read and tells no size, so it is read to its end.
Result<std::string> read_proc(const std::string& path);

}  // namespace lastbyte::kernel
