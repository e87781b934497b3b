#include "relay/terms/trail.h"

#include <algorithm>
#include <bit>
#include <new>
#include <optional>

namespace lastbyte::relay {

using std::chrono::microseconds;
using termination::Input;
using termination::Output;
using termination::Which;

namespace {

// The layout, from the top: 22 bits of mantissa and 5 of exponent for the microseconds, 1 bit for the side, 4 for the
// event plus one.
constexpr unsigned kMantissaBits = 22;
constexpr unsigned kExponentBits = 5;
constexpr unsigned kEventBits = 4;
constexpr unsigned kTimeAt = kEventBits + 1;
static_assert(kTimeAt + kExponentBits + kMantissaBits == 32);
static_assert(static_cast<unsigned>(Happened::closed) + 1 < 1U << kEventBits);

std::uint32_t packed(microseconds at, Which side, Happened what) {
  constexpr std::uint64_t kLongest = ((std::uint64_t{1} << kMantissaBits) - 1) << ((1U << kExponentBits) - 1);
  const auto time = std::min(static_cast<std::uint64_t>(std::max<microseconds::rep>(at.count(), 0)), kLongest);
  const bool is_exact = time < std::uint64_t{1} << kMantissaBits;
  const unsigned exponent = is_exact ? 0 : static_cast<unsigned>(std::bit_width(time)) - kMantissaBits;
  const auto mantissa = static_cast<std::uint32_t>(time >> exponent);
  return (mantissa << kExponentBits | exponent) << kTimeAt | static_cast<std::uint32_t>(side) << kEventBits |
         (static_cast<std::uint32_t>(what) + 1);
}

std::optional<Happened> end_of(Input input) {
  switch (input) {
    case Input::fin: return Happened::fin_received;
    case Input::reset: return Happened::reset_received;
    case Input::vanished: return Happened::vanished;
    case Input::open:
    case Input::aborted: break;
  }
  return std::nullopt;
}

/// The event for a change of a side's output, if its input did not end in the same step.
std::optional<Happened> change_of(Output was, Output is) {
  if (was == Output::connecting) {
    if (is == Output::open) return Happened::connected;
    if (is == Output::broken) return Happened::connect_failed;
    return std::nullopt;
  }
  const bool took = was == Output::open || was == Output::fin_sent || was == Output::fin_acked;
  if (took && is == Output::broken) return Happened::refused;
  if (took && is == Output::lost) return Happened::vanished;
  return std::nullopt;
}

TrailEntry unpacked(std::uint32_t entry) {
  const std::uint32_t time = entry >> kTimeAt;
  const std::uint64_t mantissa = time >> kExponentBits;
  const std::uint32_t exponent = time & ((1U << kExponentBits) - 1);
  return {microseconds(static_cast<microseconds::rep>(mantissa << exponent)),
          static_cast<Which>(entry >> kEventBits & 1U), static_cast<Happened>((entry & ((1U << kEventBits) - 1)) - 1)};
}

}  // namespace

std::string_view name(Happened what) {
  switch (what) {
    case Happened::connecting: return "connecting";
    case Happened::connected: return "connected";
    case Happened::connect_failed: return "connect_failed";
    case Happened::fin_received: return "fin_received";
    case Happened::fin_sent: return "fin_sent";
    case Happened::reset_received: return "reset_received";
    case Happened::reset_sent: return "reset_sent";
    case Happened::refused: return "refused";
    case Happened::vanished: return "vanished";
    case Happened::lingering: return "lingering";
    case Happened::limit: return "limit";
    case Happened::closed: return "closed";
  }
  return "?";
}

void Trail::add(microseconds at, Which side, Happened what) {
  const Packed entry = packed(at, side, what);
  for (Packed& own : own_) {
    if (own != 0) continue;
    own = entry;
    return;
  }
  if (!rest_) rest_.reset(new (std::nothrow) Rest);
  if (!rest_) {  // without memory, the last event replaces the one before, which is worth less
    own_.back() = entry;
    return;
  }
  if (rest_->size < rest_->entries.size()) ++rest_->size;
  rest_->entries[rest_->size - 1U] = entry;
}

void Trail::add(microseconds at, const termination::Session& before, const termination::Step& step) {
  if (before.limit != step.session.limit) add(at, step.session.first_side, Happened::limit);
  for (const Which which : termination::kBoth) {
    const termination::Side& was = before.side(which);
    const termination::Side& is = step.session.side(which);
    if (was == is) continue;  // most steps change only one side, and every session comes through here
    if (was.input == Input::open && is.input != Input::open) {
      if (const auto what = end_of(is.input)) add(at, which, *what);
    } else if (was.output != is.output) {
      if (const auto what = change_of(was.output, is.output)) add(at, which, *what);
    }
  }
  for (const Which which : termination::kBoth) {
    const termination::Actions& actions = step.action(which);
    if (actions == termination::Actions{}) continue;
    if (actions.send_fin) add(at, which, Happened::fin_sent);
    if (actions.linger) add(at, which, Happened::lingering);
    if (actions.reset) add(at, which, Happened::reset_sent);
    if (actions.close) add(at, which, Happened::closed);
  }
}

std::size_t Trail::size() const {
  const auto own = static_cast<std::size_t>(std::ranges::count_if(own_, [](Packed each) { return each != 0; }));
  return own + (rest_ ? rest_->size : 0);
}

TrailEntry Trail::operator[](std::size_t index) const {
  return unpacked(index < kOwn ? own_[index] : rest_->entries[index - kOwn]);
}

}  // namespace lastbyte::relay
