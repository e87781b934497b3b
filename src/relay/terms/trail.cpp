#include "relay/terms/trail.h"

#include <algorithm>

namespace lastbyte::relay {

using std::chrono::microseconds;
using termination::Input;
using termination::Output;
using termination::Which;

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
  const auto packed = static_cast<std::uint64_t>(std::max<microseconds::rep>(at.count(), 0)) << 16U |
                      static_cast<std::uint64_t>(side) << 8U | static_cast<std::uint64_t>(what);
  if (size_ < kMost) ++size_;
  entries_[size_ - 1U] = packed;
}

void Trail::add(microseconds at, const termination::Session& before, const termination::Step& step) {
  if (before.limit != step.session.limit) add(at, step.session.first_side, Happened::limit);
  for (const Which which : termination::kBoth) {
    const termination::Side& was = before.side(which);
    const termination::Side& is = step.session.side(which);
    const bool ended = was.input == Input::open && is.input != Input::open;
    if (ended && is.input == Input::fin) add(at, which, Happened::fin_received);
    if (ended && is.input == Input::reset) add(at, which, Happened::reset_received);
    if (ended && is.input == Input::vanished) add(at, which, Happened::vanished);
    if (was.output == Output::connecting && is.output == Output::open) add(at, which, Happened::connected);
    if (was.output == Output::connecting && is.output == Output::broken && !ended)
      add(at, which, Happened::connect_failed);
    const bool took = was.output == Output::open || was.output == Output::fin_sent || was.output == Output::fin_acked;
    if (took && !ended && is.output == Output::broken) add(at, which, Happened::refused);
    if (took && !ended && is.output == Output::lost) add(at, which, Happened::vanished);
  }
  for (const Which which : termination::kBoth) {
    const termination::Actions& actions = step.action(which);
    if (actions.send_fin) add(at, which, Happened::fin_sent);
    if (actions.linger) add(at, which, Happened::lingering);
    if (actions.reset) add(at, which, Happened::reset_sent);
    if (actions.close) add(at, which, Happened::closed);
  }
}

TrailEntry Trail::operator[](std::size_t index) const {
  const std::uint64_t packed = entries_[index];
  return {microseconds(static_cast<microseconds::rep>(packed >> 16U)), static_cast<Which>(packed >> 8U & 0xffU),
          static_cast<Happened>(packed & 0xffU)};
}

}  // namespace lastbyte::relay
