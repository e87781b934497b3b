// Errors are values: what was tried, on what, and what the kernel said.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace lastbyte {

/// A failed operation. `code` is an errno, or 0 where the kernel had no part in it.
struct Error {
  std::string operation;  ///< what was tried and on what: "bind tcp:127.0.0.1:80"
  int code = 0;
  std::string detail = {};  ///< what the operator should know or do; may be empty

  /// "bind tcp:127.0.0.1:80: Permission denied (EACCES): ports below 1024 need CAP_NET_BIND_SERVICE"
  [[nodiscard]] std::string text() const;
};

template <typename T>
using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;

/// A failure with the errno of this instant.
[[nodiscard]] Failure failure_from_errno(std::string operation);
/// A failure with a given errno (0: none) and a word for the operator.
[[nodiscard]] Failure failure(std::string operation, int code, std::string detail = {});

/// "ECONNRESET" for 104; "E?" with the number for what the C library does not name; "" for 0.
[[nodiscard]] std::string errno_name(int code);

}  // namespace lastbyte
