#include "doctor/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "doctor/print_socket.h"
#include "doctor/rules/words.h"

namespace lastbyte::doctor {
namespace {

/// The most sockets of a process that the text prints. The findings stand before them, and must not scroll away.
constexpr std::size_t kMostSockets = 50;
constexpr std::size_t kLabel = 10;  // the column of the text after "  seen:   "

/// The counters that the report always prints, with their meanings.
struct Meaning {
  std::string_view name;
  std::string_view text;
};
constexpr std::array kMeanings{
    Meaning{"Tcp:OutRsts", "resets sent"},
    Meaning{"Tcp:EstabResets", "established connections that a reset of either end ended"},
    Meaning{"TcpExt:TCPAbortOnClose", "resets: a program closed with unread input"},
    Meaning{"TcpExt:TCPAbortOnData", "resets: data came for a closed connection, or SO_LINGER had time 0"},
    Meaning{"TcpExt:TCPAbortOnLinger", "resets: TCP_LINGER2 was negative"},
    Meaning{"TcpExt:TCPAbortOnTimeout", "connections given up: the peer did not answer"},
    Meaning{"TcpExt:TCPAbortOnMemory", "resets: memory was short, or there were too many orphans"},
    Meaning{"TcpExt:ListenOverflows", "connections for which the queue of a listener was full"},
    Meaning{"TcpExt:ListenDrops", "SYNs and handshakes that a listener dropped, for any reason"},
    Meaning{"TcpExt:TWRecycled", "ports in TIME_WAIT that were reused"},
    Meaning{"TcpExt:TCPTimeWaitOverflow", "connections that skipped TIME_WAIT"},
    Meaning{"TcpExt:PAWSActive", "SYNs' answers rejected for their timestamp"},
    Meaning{"TcpExt:PAWSEstab", "segments rejected for their timestamp"},
    Meaning{"Tcp:RetransSegs", "segments that were sent again"},
    Meaning{"TcpExt:TCPTimeouts", "retransmission timeouts"},
};

/// Keeps a command on one line, so that it can be copied. Breaks prose, and the comment after "    # ".
std::string command_text(std::string_view command) {
  constexpr std::string_view kComment = "    # ";
  const bool is_prose = !command.empty() && command.front() >= 'A' && command.front() <= 'Z';
  if (is_prose) return wrap(command, kPageWidth - kLabel, kLabel);
  const std::size_t at = command.find(kComment);
  if (at == std::string_view::npos || kLabel + command.size() <= kPageWidth) return std::string(command);
  const std::string comment = "# " + std::string(command.substr(at + kComment.size()));
  return std::string(command.substr(0, at)) + "\n" + std::string(kLabel, ' ') +
         wrap(comment, kPageWidth - kLabel, kLabel + 2);
}

std::string labelled(std::string_view label, std::string_view text) {
  return fmt::format("  {:<8}{}\n", label, wrap(text, kPageWidth - kLabel, kLabel));
}

std::string taken_text(const Process::Taken& taken) {
  return fmt::format(
      "--intrusive took {}, one at a time, each for {} us at most. A close() of the process within that time sent its "
      "FIN when `lastbyte doctor` had closed its own descriptor.",
      counted(taken.descriptors, "descriptor"), taken.longest.count());
}

std::string counters_text(const Facts& facts) {
  constexpr std::size_t kColumn = 50;
  std::string page = fmt::format("\nCounters, since the start and in the last {:.1f} s\n",
                                 static_cast<double>(facts.watched.count()) / 1000);
  for (const Meaning& each : kMeanings)
    if (const auto total = facts.total.find(each.name))
      page += fmt::format("  {:>12} {:>8}  {:<24} {}\n", *total, fmt::format("+{}", facts.window.value(each.name)),
                          each.name, wrap(each.text, kPageWidth - kColumn, kColumn));
  return page;
}

std::string abilities_text(const Facts& facts) {
  constexpr std::size_t kColumn = 19;
  std::string page = "\nWhat loads here\n";
  for (const Ability& each : facts.abilities)
    page += fmt::format("  {:<16} {}\n", each.name,
                        each.there ? "yes" : wrap("no: " + each.why_not, kPageWidth - kColumn, kColumn));
  return page;
}

std::string process_text(const Process& process) {
  std::string page = fmt::format("\nTCP sockets of {}{}\n", owner_text(process.name),
                                 process.ended ? ", which has ended meanwhile" : "");
  const std::size_t told = std::min(process.sockets.size(), kMostSockets);
  for (std::size_t each = 0; each < told; ++each) page += socket_text(process.sockets[each]);
  if (const std::size_t more = process.sockets.size() - told; more > 0)
    page += fmt::format("  {}; --json tells of all\n", counted(more, "more socket"));
  if (process.sockets.empty()) page += "  none\n";
  if (process.taken && process.taken->descriptors != 0) page += wrap(taken_text(*process.taken), kPageWidth) + "\n";
  return page;
}

nlohmann::ordered_json process_json(const Process& process) {
  nlohmann::ordered_json object{
      {"pid", process.name.pid}, {"name", printable(process.name.comm)}, {"descriptors", process.descriptors}};
  if (process.descriptor_limit) object["descriptor_limit"] = *process.descriptor_limit;
  object["seccomp"] = process.seccomp;
  object["ended"] = process.ended;
  if (process.taken)
    object["taken"] = {{"descriptors", process.taken->descriptors}, {"longest_us", process.taken->longest.count()}};
  auto& sockets = object["sockets"] = nlohmann::ordered_json::array();
  for (const HeldSocket& each : process.sockets) sockets.push_back(socket_json(each));
  return object;
}

}  // namespace

std::string as_text(const Facts& facts, const std::vector<Finding>& findings) {
  std::string page;
  for (const Finding& each : findings) {
    page += wrap(fmt::format("{}: {} [{}]", severity_word(each.severity), each.title, each.id), kPageWidth, 2) + "\n";
    page += labelled("seen:", each.evidence) + labelled("means:", each.consequence);
    page += fmt::format("  mend:   {}\n", command_text(each.command)) + labelled("more:", each.documentation) + "\n";
  }
  page += findings.empty() ? "No findings.\n" : counted(findings.size(), "finding") + ".\n";
  page += counters_text(facts) + abilities_text(facts);
  if (facts.process) page += process_text(*facts.process);
  for (const std::string& each : facts.unread) page += "\n" + wrap("Not examined: " + each, kPageWidth, 2) + "\n";
  return page;
}

std::string as_json(const Facts& facts, const std::vector<Finding>& findings) {
  nlohmann::ordered_json object;
  auto& list = object["findings"] = nlohmann::ordered_json::array();
  for (const Finding& each : findings)
    list.push_back({{"id", each.id},
                    {"severity", severity_word(each.severity)},
                    {"title", each.title},
                    {"evidence", each.evidence},
                    {"consequence", each.consequence},
                    {"command", each.command},
                    {"documentation", each.documentation}});
  auto& counters = object["counters"] = nlohmann::ordered_json::object();
  for (const Meaning& each : kMeanings)
    if (const auto total = facts.total.find(each.name))
      counters[std::string(each.name)] = {
          {"total", *total}, {"window", facts.window.value(each.name)}, {"meaning", each.text}};
  object["window_seconds"] = static_cast<double>(facts.watched.count()) / 1000;
  auto& loads = object["abilities"] = nlohmann::ordered_json::object();
  for (const Ability& each : facts.abilities)
    loads[each.name] = each.there ? nlohmann::ordered_json(true) : nlohmann::ordered_json(each.why_not);
  if (facts.process) object["process"] = process_json(*facts.process);
  object["not_looked_at"] = facts.unread;
  return object.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string explanation(const Rule& rule) {
  return fmt::format("{}: {}\n  {}\n", rule.id, severity_word(rule.severity), wrap(rule.title, kPageWidth - 2, 2)) +
         labelled("when:", rule.condition) + labelled("means:", rule.consequence) +
         fmt::format("  mend:   {}\n", command_text(rule.command)) + labelled("more:", rule.documentation);
}

}  // namespace lastbyte::doctor
