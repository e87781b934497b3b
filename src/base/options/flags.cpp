#include "base/options/flags.h"

#include <charconv>

namespace lastbyte {

Failure not_as_expected(std::string_view value, const std::string& expected) {
  return failure("'" + std::string(value) + "'", 0, "expected " + expected);
}

Result<std::uint64_t> whole_number(std::string_view value, std::uint64_t least, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < least || number > most)
    return not_as_expected(value, std::to_string(least) + " to " + std::to_string(most));
  return number;
}

}  // namespace lastbyte
