// What clients ask and servers answer, and one request as a client sees it.
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
/// Bytes, with the head. A server that answers early reads so many of a request that has no end.
inline constexpr std::size_t kRequest = 1024;
inline constexpr std::size_t kAnswer = 8 * 1024;
/// A client waits so long for the whole answer, from its connection on.
inline constexpr Duration kPatience{1000};

/// The head of a request tells the server what to do to it.
struct Head {
  std::uint64_t number = 0;
  Fault fault = Fault::none;
};
std::array<char, kHead> encode(const Head& head);
/// nullopt: it is none.
std::optional<Head> decode(const std::array<char, kHead>& bytes);

/// Of that request: no other answer has the same bytes.
std::string answer_to(std::uint64_t number);

enum class Ending : std::uint8_t {
  whole,      ///< the whole answer came, in time
  refused,    ///< no connection
  reset,      ///< the connection failed before the whole answer had come
  cut_short,  ///< a FIN came before it
  silent,     ///< the client lost its patience
  garbled,    ///< other bytes came
};
std::string_view name_of(Ending ending);

/// Connects, sends and reads until the whole answer has come; a write that fails does not stop the reading. Blocks.
/// In the network of the calling thread.
Ending ask(const net::Address& at, const Head& head);

}  // namespace lastbyte::lab::resilience
