// The requests of clients and the answers of servers, and one request as a client sees it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "lab/resilience/plan.h"
#include "net/address/address.h"

namespace lastbyte::lab::resilience {

inline constexpr std::size_t kHead = 16;
/// Bytes, including the head. A server that answers early reads this much of a request without an end.
inline constexpr std::size_t kRequest = 1024;
inline constexpr std::size_t kAnswer = 8 * 1024;
/// How long a client waits for the whole answer, from its connect on.
inline constexpr Duration kPatience{1000};

/// The head of a request: it tells the server which fault to cause.
struct Head {
  std::uint64_t number = 0;
  Fault fault = Fault::none;
};
std::array<char, kHead> encode(const Head& head);
/// Returns nullopt if the bytes are no head.
std::optional<Head> decode(const std::array<char, kHead>& bytes);

/// Returns the answer to that request: no other answer has the same bytes.
std::string answer_to(std::uint64_t number);

enum class Ending : std::uint8_t {
  whole,      ///< the whole answer came in time
  refused,    ///< no connection was made
  reset,      ///< the connection failed before the whole answer had come
  cut_short,  ///< a FIN came before the whole answer
  silent,     ///< nothing came within kPatience
  garbled,    ///< other bytes than the answer came
};
std::string_view name_of(Ending ending);

/// Connects, sends, and reads until the whole answer has come. A failed write does not stop the reading. Blocks. Works
/// in the network of the calling thread.
Ending ask(const net::Address& at, const Head& head);

}  // namespace lastbyte::lab::resilience
