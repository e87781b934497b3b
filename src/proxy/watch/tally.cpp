#include "proxy/watch/tally.h"

#include <fmt/format.h>

#include <atomic>

namespace lastbyte::proxy {

void Tally::add(const relay::Counters& worker) {
  const auto of = [](const std::atomic<std::uint64_t>& counter) { return counter.load(std::memory_order_relaxed); };
  accepted += of(worker.accepted);
  ended += of(worker.ended);
  open += of(worker.open);
  stopped += of(worker.stopped);
  records_dropped += of(worker.records_dropped);
  denied += of(worker.denied_clients);
  over_limit += of(worker.refused_clients);
  bad_greetings += of(worker.bad_greetings);
  accept_pauses += of(worker.accept_pauses);
  datagrams_dropped += of(worker.datagrams_dropped);
  datagrams_refused += of(worker.datagrams_refused);
}

std::string counted(std::uint64_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string pauses(const Tally& tally) {
  if (tally.accept_pauses == 0) return {};
  return fmt::format("accepting paused {}, for want of descriptors or memory", counted(tally.accept_pauses, "time"));
}

std::string turned_away(const Tally& tally) {
  std::string out;
  const auto tell = [&out](std::uint64_t count, const std::string& noun, const char* why) {
    if (count != 0) out += fmt::format("{}{} {}", out.empty() ? "turned away: " : ", ", counted(count, noun), why);
  };
  tell(tally.denied, "client", "by client.allow or client.deny");
  tell(tally.over_limit, "client", "by max-sessions-per-client");
  tell(tally.bad_greetings, "client", "for the PROXY header");
  tell(tally.datagrams_refused, "datagram", "of clients that got no session");
  tell(tally.datagrams_dropped, "datagram", "of sessions, not taken by the kernel");
  return out;
}

}  // namespace lastbyte::proxy
