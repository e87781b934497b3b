#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace lastbyte {

std::string errno_name(int code) {
  if (code == 0) return {};
  if (const char* name = strerrorname_np(code)) return name;
  return "E?" + std::to_string(code);
}

std::string Error::text() const {
  std::string out = operation;
  if (code != 0) {
    out += ": ";
    out += strerrordesc_np(code) != nullptr ? strerrordesc_np(code) : "unknown error";
    out += " (" + errno_name(code) + ")";
  }
  if (!detail.empty()) out += ": " + detail;
  return out;
}

Failure failure(std::string operation, int code, std::string detail) {
  return Failure(Error{std::move(operation), code, std::move(detail)});
}

Failure failure_from_errno(std::string operation) { return failure(std::move(operation), errno); }

}  // namespace lastbyte
