// Errors are values: the operation, its object, and the kernel's reason.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace lastbyte {

/// A failed operation. `code` is an errno, or 0 if the error is not the kernel's.
struct Error {
  std::string operation;  ///< the operation and its object: "bind tcp:127.0.0.1:80"
  int code = 0;
  std::string detail = {};  ///< what the operator should know or do; may be empty

  /// "bind tcp:127.0.0.1:80: Permission denied (EACCES): ports below 1024 need CAP_NET_BIND_SERVICE"
  [[nodiscard]] std::string text() const;
};

template <typename T>
using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;

/// Makes a failure with the current errno.
[[nodiscard]] Failure failure_from_errno(std::string operation);
/// Makes a failure with a given errno (0: none) and advice for the operator.
[[nodiscard]] Failure failure(std::string operation, int code, std::string detail = {});

/// "ECONNRESET" for 104; "E?" and the number if the C library has no name for it; "" for 0.
[[nodiscard]] std::string errno_name(int code);

}  // namespace lastbyte
