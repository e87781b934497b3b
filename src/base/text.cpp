#include "base/text.h"

namespace lastbyte {

std::string counted(std::uint64_t number, std::string_view noun) {
  std::string out = std::to_string(number) + ' ';
  out += noun;
  if (number != 1) out += 's';
  return out;
}

}  // namespace lastbyte
