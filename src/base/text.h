// Words about numbers, as several rooms tell them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lastbyte {

/// "1 datagram", "12 datagrams": the noun in the singular, with an s where there is not just one.
std::string counted(std::uint64_t number, std::string_view noun);

}  // namespace lastbyte
