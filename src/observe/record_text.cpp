#include "observe/record_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "base/printable.h"
#include "base/result.h"
#include "observe/moment.h"
#include "observe/summary.h"

namespace lastbyte::observe {
namespace {

using relay::Record;
using relay::SideRecord;
using termination::Which;

/// A name with a blank or a control character in it would break the line's columns.
std::string column(std::string_view name) {
  const bool plain = !name.empty() && std::ranges::all_of(name, [](char c) { return c > ' ' && c < 127 && c != '"'; });
  return plain ? std::string(name) : fmt::format("{:?}", name);
}

/// As precise as it helps: "412us", "12.3ms", "1.204s".
std::string span(std::chrono::microseconds time) {
  const double us = static_cast<double>(time.count());
  if (time < std::chrono::milliseconds(1)) return fmt::format("{}us", time.count());
  if (time < std::chrono::seconds(1)) return fmt::format("{:.1f}ms", us / 1e3);
  return fmt::format("{:.3f}s", us / 1e6);
}

void append_side(std::string& out, const Record& record, Which which) {
  const SideRecord& side = record.side(which);
  auto to = std::back_inserter(out);
  fmt::format_to(to, " | {}={}", name(which), name(record.verdict.end(which)));
  if (side.peer) fmt::format_to(to, " pid={} uid={} gid={}", side.peer->pid, side.peer->uid, side.peer->gid);
  if (side.error != 0) fmt::format_to(to, " error={}", errno_name(side.error));
  fmt::format_to(to, " received={} delivered={}", side.flow.received, side.flow.delivered);
  if (side.flow.undelivered != 0) fmt::format_to(to, " undelivered={}", side.flow.undelivered);
  if (side.flow.discarded != 0) fmt::format_to(to, " discarded={}", side.flow.discarded);
  if (side.flow.rescued != 0) fmt::format_to(to, " rescued={}", side.flow.rescued);
  if (side.flow.descriptors != 0) fmt::format_to(to, " descriptors={}", side.flow.descriptors);
}

void append_first(std::string& out, const termination::Verdict& verdict) {
  auto to = std::back_inserter(out);
  fmt::format_to(to, " | first={}", name(verdict.first));
  if (first_has_side(verdict.first)) fmt::format_to(to, ":{}", name(verdict.first_side));
  if (verdict.limit != termination::Deadline::none) fmt::format_to(to, " limit={}", name(verdict.limit));
}

/// Strangers' words are always in quotes, so that none can pass for a part of the line.
void append_introduction(std::string& out, const relay::Introduction& told) {
  auto to = std::back_inserter(out);
  if (!told.via.none()) fmt::format_to(to, " via={}", column(told.via.text()));
  if (told.version) fmt::format_to(to, " proxy-header={}", name(*told.version));
  if (told.unique_id) fmt::format_to(to, " unique-id={:?}", printable(*told.unique_id));
  if (told.authority) fmt::format_to(to, " authority={:?}", printable(*told.authority));
  if (!told.rejection.empty()) fmt::format_to(to, " rejected={:?}", printable(told.rejection));
}

}  // namespace

std::string to_text(const Record& record) {
  std::string out = fmt::format("{} #{} {} {} -> {} {}", moment_text(ended(record)), record.id,
                                column(record.forwarding ? std::string_view(*record.forwarding) : "-"),
                                column(record.side(Which::client).address.text()),
                                column(record.side(Which::upstream).address.text()), summary(record));
  append_side(out, record, Which::client);
  append_side(out, record, Which::upstream);
  append_first(out, record.verdict);
  auto to = std::back_inserter(out);
  fmt::format_to(to, " duration={}", span(record.duration));
  if (record.connect_duration.count() >= 0) fmt::format_to(to, " connect={}", span(record.connect_duration));
  if (record.retries != 0) fmt::format_to(to, " retries={}", record.retries);
  if (record.one_of_many && record.listen) fmt::format_to(to, " listen={}", *record.listen);
  if (record.introduction) append_introduction(out, *record.introduction);
  return out;
}

}  // namespace lastbyte::observe
