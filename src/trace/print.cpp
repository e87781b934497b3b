#include "trace/print.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "kernel/reset/judgement.h"
#include "kernel/reset/reasons.h"

namespace lastbyte::trace {
namespace {

using kernel::EventKind;
using std::chrono::microseconds;

std::string clock_text(std::chrono::system_clock::time_point wall) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(wall);
  const auto rest = std::chrono::duration_cast<microseconds>(wall - whole);
  return fmt::format("{:%H:%M:%S}.{:06}", fmt::gmtime(std::chrono::system_clock::to_time_t(whole)), rest.count());
}

std::string iso_text(std::chrono::system_clock::time_point wall) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(wall);
  const auto rest = std::chrono::duration_cast<microseconds>(wall - whole);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(whole)),
                     rest.count());
}

std::string process_text(const kernel::ProcessName& process) {
  return fmt::format("{} ({})", process.pid, printable(process.comm));
}

std::string owner_text(const Named& named) {
  const kernel::TcpEvent& event = named.event;
  if (event.owner.pid == 0) return "pid -";
  std::string text = "pid " + process_text(event.owner);
  if (!named.unit.empty()) text += " of " + named.unit;
  if (event.owner_listens) text += ", which listens";
  if (event.caller.pid != 0 && event.caller.pid != event.owner.pid)
    text += ", in a call of " + process_text(event.caller);
  return text;
}

bool leads_out(EventKind kind) { return kind != EventKind::reset_received; }

std::string first_words(const kernel::TcpEvent& event) {
  if (event.kind == EventKind::reset_sent && !event.reason.empty()) return "reset sent, " + event.reason;
  if (event.kind == EventKind::timed_out) return fmt::format("retransmission timeout {}", event.timeouts);
  return std::string(kernel::kind_text(event.kind));
}

/// The queues as text, without zeros that say nothing.
std::string queues_text(const kernel::QueuedBytes& queued) {
  std::string text = fmt::format("unread {}, unacknowledged {}", queued.unread, queued.unacknowledged);
  if (queued.unsent > 0) text += fmt::format(" (unsent {})", queued.unsent);
  return text;
}

std::string session_text(const Named& named) {
  const EndedSide& side = *named.session;
  return fmt::format("session #{} of {}{}, {}: {}", side.session, printable(side.forwarding),
                     named.again ? " (reported again)" : "", side.side, cause(named.event, side));
}

}  // namespace

std::string short_time(std::chrono::nanoseconds time) {
  const double seconds = std::chrono::duration<double>(time).count();
  if (seconds < 1e-3) return fmt::format("{:.0f} us", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 120) return fmt::format("{:.2f} s", seconds);
  if (seconds < 7200) return fmt::format("{:.1f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

std::string as_text(const Named& named) {
  const kernel::TcpEvent& event = named.event;
  std::string line = fmt::format("{} {} {} {} | {}", clock_text(named.wall), event.local.text(),
                                 leads_out(event.kind) ? "->" : "<-", event.remote.text(), first_words(event));
  line += fmt::format(" | state {}", kernel::state_text(event.state));
  if (event.age)
    line += fmt::format(", {} {}{}", event.kind == EventKind::port_reused ? "in TIME_WAIT for" : "age",
                        event.age_at_least ? "at least " : "", short_time(*event.age));
  if (event.queued) line += ", " + queues_text(*event.queued);
  line += " | " + owner_text(named) + ", netns " + named.network;
  if (const std::string words = kernel::judgement(event); !words.empty())
    line += std::string(kernel::is_own_judgement(event) ? " | our judgement: " : " | ") + words;
  if (named.session != nullptr) line += " | " + session_text(named);
  return line;
}

std::string as_json(const Named& named) {
  const kernel::TcpEvent& event = named.event;
  nlohmann::ordered_json object;
  object["time"] = iso_text(named.wall);
  object["event"] = kernel::kind_word(event.kind);
  if (event.kind == EventKind::reset_sent) {
    object["reason"] = event.reason.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(event.reason);
    if (const kernel::ResetReason* reason = kernel::find_reset_reason(event.reason))
      object["meaning"] = reason->meaning;
  }
  if (event.kind == EventKind::reset_received) object["judgement"] = kernel::judgement(event);
  if (event.kind == EventKind::timed_out) object["timeouts"] = event.timeouts;
  object["local"] = event.local.text();
  object["remote"] = event.remote.text();
  object["state"] =
      event.state == 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(kernel::state_text(event.state));
  if (event.age) {
    object["age_seconds"] = std::chrono::duration<double>(*event.age).count();
    object["age_at_least"] = event.age_at_least;
  }
  if (event.queued) {
    object["unread"] = event.queued->unread;
    object["unacknowledged"] = event.queued->unacknowledged;
    object["unsent"] = event.queued->unsent;
  }
  if (event.owner.pid != 0) {
    object["pid"] = event.owner.pid;
    object["process"] = printable(event.owner.comm);
    object["owner_listens"] = event.owner_listens;
    if (!named.unit.empty()) object["unit"] = printable(named.unit);
  }
  if (event.caller.pid != 0) {
    object["caller_pid"] = event.caller.pid;
    object["caller"] = printable(event.caller.comm);
  }
  if (event.network != 0) {
    object["netns"] = printable(named.network);
    object["netns_inode"] = event.network;
  }
  if (event.cookie != 0) object["cookie"] = event.cookie;
  if (named.session != nullptr) {
    const EndedSide& side = *named.session;
    object["session"] = {{"pid", side.pid},
                         {"id", side.session},
                         {"forwarding", printable(side.forwarding)},
                         {"side", side.side},
                         {"sent_by", word(sent_by(event, side))},
                         {"cause", cause(event, side)},
                         {"end", side.end},
                         {"other_end", side.other_end},
                         {"delivered", side.delivered},
                         {"undelivered", side.undelivered}};
    object["again"] = named.again;
  }
  return object.dump();
}

namespace {

/// The kernel's counters that concern the end of connections.
constexpr std::array<std::string_view, 11> kTold{"Tcp:OutRsts",
                                                 "Tcp:EstabResets",
                                                 "Tcp:AttemptFails",
                                                 "TcpExt:TCPAbortOnClose",
                                                 "TcpExt:TCPAbortOnData",
                                                 "TcpExt:TCPAbortOnLinger",
                                                 "TcpExt:TCPAbortOnMemory",
                                                 "TcpExt:TCPAbortOnTimeout",
                                                 "TcpExt:TCPTimeouts",
                                                 "TcpExt:TWRecycled",
                                                 "TcpExt:TCPDisconnectWithData"};

}  // namespace

std::string counted_as_text(const kernel::Counters& added) {
  std::string line;
  for (const std::string_view name : kTold)
    if (const auto value = added.find(name)) line += fmt::format("{}{} +{}", line.empty() ? "" : ", ", name, *value);
  return line;
}

std::string counted_as_json(const kernel::Counters& added) {
  nlohmann::ordered_json counted = nlohmann::ordered_json::object();
  for (const std::string_view name : kTold)
    if (const auto value = added.find(name)) counted[std::string(name)] = *value;
  if (counted.empty()) return {};
  return nlohmann::ordered_json({{"event", "counted"}, {"added", counted}}).dump();
}

}  // namespace lastbyte::trace
