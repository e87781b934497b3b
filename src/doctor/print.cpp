#include "doctor/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "doctor/rules/words.h"

namespace lastbyte::doctor {
namespace {

using kernel::ProcessSocket;

/// The counters that are always told, and what they mean.
struct Meaning {
  std::string_view name;
  std::string_view text;
};
constexpr std::array kMeanings{
    Meaning{"Tcp:OutRsts", "resets sent"},
    Meaning{"Tcp:EstabResets", "established connections that ended by a reset, of either end"},
    Meaning{"TcpExt:TCPAbortOnClose", "resets because a program closed with unread input"},
    Meaning{"TcpExt:TCPAbortOnData", "resets because data came for a closed connection"},
    Meaning{"TcpExt:TCPAbortOnLinger", "resets because of a negative TCP_LINGER2"},
    Meaning{"TcpExt:ListenOverflows", "connections that met a full queue of a listener"},
    Meaning{"TcpExt:ListenDrops", "SYNs that were dropped at a listener, for any reason"},
    Meaning{"TcpExt:TWRecycled", "ports in TIME_WAIT that were used again"},
    Meaning{"TcpExt:PAWSEstab", "segments that were rejected because of their timestamp"},
    Meaning{"Tcp:RetransSegs", "segments that were sent again"},
    Meaning{"TcpExt:TCPTimeouts", "retransmission timeouts"},
};

std::string options_text(const ProcessSocket& socket) {
  std::string text;
  const auto add = [&](const std::string& word) { text += (text.empty() ? "" : ", ") + word; };
  if (socket.non_blocking) add("non-blocking");
  if (socket.linger) add(fmt::format("linger {} s", socket.linger->count()));
  if (socket.keepalive)
    add(socket.keepalive_time.count() == 0 ? std::string("keepalive")
                                           : fmt::format("keepalive {} s", socket.keepalive_time.count()));
  if (socket.user_timeout.count() != 0) add(fmt::format("user timeout {} ms", socket.user_timeout.count()));
  if (socket.no_delay) add("nodelay");
  if (socket.reuse_address) add("reuseaddr");
  if (socket.reuse_port) add("reuseport");
  if (socket.receive_buffer_set) add(fmt::format("rcvbuf {}", socket.receive_buffer));
  if (socket.send_buffer_set) add(fmt::format("sndbuf {}", socket.send_buffer));
  return text.empty() ? "no options" : text;
}

std::string socket_line(const ProcessSocket& socket) {
  std::string line =
      fmt::format("  {:>5}  {:<12} {} ", socket.descriptor, kernel::state_text(socket.state), socket.local.text());
  if (socket.backlog) {
    line += fmt::format("queue {}/{}", socket.backlog->waiting, socket.backlog->limit);
  } else {
    line += "- " + socket.remote.text();
    if (socket.queued && socket.queued->unread > 0) line += fmt::format(" unread {}", socket.queued->unread);
    if (socket.queued && socket.queued->unacknowledged > 0)
      line += fmt::format(" unacknowledged {}", socket.queued->unacknowledged);
  }
  return line + " | " + options_text(socket) + "\n";
}

nlohmann::ordered_json socket_json(const ProcessSocket& socket) {
  nlohmann::ordered_json object{{"descriptor", socket.descriptor},
                                {"state", kernel::state_text(socket.state)},
                                {"local", socket.local.text()},
                                {"remote", socket.remote.text()},
                                {"non_blocking", socket.non_blocking},
                                {"keepalive", socket.keepalive},
                                {"keepalive_seconds", socket.keepalive_time.count()},
                                {"user_timeout_ms", socket.user_timeout.count()},
                                {"nodelay", socket.no_delay},
                                {"reuse_address", socket.reuse_address},
                                {"reuse_port", socket.reuse_port},
                                {"receive_buffer", socket.receive_buffer},
                                {"send_buffer", socket.send_buffer}};
  if (socket.linger) object["linger_seconds"] = socket.linger->count();
  if (socket.backlog) object["queue"] = {{"waiting", socket.backlog->waiting}, {"limit", socket.backlog->limit}};
  if (socket.queued)
    object["queued"] = {{"unread", socket.queued->unread}, {"unacknowledged", socket.queued->unacknowledged}};
  return object;
}

}  // namespace

std::string as_text(const Facts& facts, const std::vector<Finding>& findings) {
  std::string page;
  for (const Finding& each : findings) {
    page += fmt::format("{}: {} [{}]\n", severity_word(each.severity), each.title, each.id);
    page += fmt::format("  seen:   {}\n  means:  {}\n  mend:   {}\n  more:   {}\n\n", each.evidence, each.consequence,
                        each.command, each.documentation);
  }
  page += findings.empty() ? "No findings.\n" : counted(findings.size(), "finding") + ".\n";
  page += fmt::format("\nCounters, since the start and in the last {:.1f} s\n",
                      static_cast<double>(facts.watched.count()) / 1000);
  for (const Meaning& each : kMeanings)
    if (const auto total = facts.total.find(each.name))
      page += fmt::format("  {:>12} {:>8}  {:<24} {}\n", *total, fmt::format("+{}", facts.window.value(each.name)),
                          each.name, each.text);
  page += "\nWhat loads here\n";
  for (const Ability& each : facts.abilities)
    page += fmt::format("  {:<16} {}\n", each.name, each.there ? "yes" : "no: " + each.why_not);
  if (facts.process) {
    page += fmt::format("\nTCP sockets of {}\n", owner_text(facts.process->name));
    for (const ProcessSocket& each : facts.process->sockets) page += socket_line(each);
    if (facts.process->sockets.empty()) page += "  none\n";
  }
  for (const std::string& each : facts.unread) page += "\nNot looked at: " + each + "\n";
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
  if (facts.process) {
    auto& process = object["process"] = {{"pid", facts.process->name.pid},
                                         {"name", printable(facts.process->name.comm)},
                                         {"descriptors", facts.process->descriptors}};
    process["sockets"] = nlohmann::ordered_json::array();
    for (const ProcessSocket& each : facts.process->sockets) process["sockets"].push_back(socket_json(each));
  }
  object["not_looked_at"] = facts.unread;
  return object.dump(2) + "\n";
}

std::string explanation(const Rule& rule) {
  return fmt::format("{}: {}\n  {}\n  means:  {}\n  mend:   {}\n  more:   {}\n", rule.id, severity_word(rule.severity),
                     rule.title, rule.consequence,
                     rule.command.empty() ? "a command with the right value comes with the finding" : rule.command,
                     rule.documentation);
}

}  // namespace lastbyte::doctor
