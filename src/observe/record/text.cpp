#include "observe/record/text.h"

#include <fmt/format.h>

#include <iterator>

#include "base/result.h"
#include "base/text.h"
#include "observe/record/datagram.h"
#include "observe/record/moment.h"
#include "observe/record/progress.h"
#include "observe/record/summary.h"
#include "observe/record/tries.h"
#include "observe/record/words.h"

namespace lastbyte::observe {
namespace {

using relay::Record;
using relay::SideRecord;
using relay::StreamRecord;
using termination::Which;

void append_side(std::string& out, const Record& record, Which which) {
  const SideRecord& side = record.side(which);
  const relay::FlowRecord& flow = record.stream().flow(which);
  const auto& peer = record.stream().peers[static_cast<std::size_t>(which)];
  auto to = std::back_inserter(out);
  fmt::format_to(to, " | {}={}", name(which), name(record.stream().verdict.end(which)));
  if (peer) fmt::format_to(to, " pid={} uid={} gid={}", peer->pid, peer->uid, peer->gid);
  if (side.error != 0) fmt::format_to(to, " error={}", errno_name(side.error));
  if (side.reset.by != relay::ResetBy::nobody) fmt::format_to(to, " reset={}", name(side.reset.by));
  if (side.reset.reason != nullptr) fmt::format_to(to, ":{}", side.reset.reason);
  fmt::format_to(to, " received={} delivered={}", flow.received, flow.delivered);
  if (flow.undelivered != 0) fmt::format_to(to, " undelivered={}", flow.undelivered);
  if (flow.discarded != 0) fmt::format_to(to, " discarded={}", flow.discarded);
  if (flow.rescued != 0) fmt::format_to(to, " rescued={}", flow.rescued);
  if (flow.descriptors != 0) fmt::format_to(to, " descriptors={}", flow.descriptors);
}

void append_first(std::string& out, const termination::Verdict& verdict) {
  auto to = std::back_inserter(out);
  fmt::format_to(to, " | first={}", name(verdict.first));
  if (first_has_side(verdict.first)) fmt::format_to(to, ":{}", name(verdict.first_side));
  if (verdict.limit != termination::Deadline::none) fmt::format_to(to, " limit={}", name(verdict.limit));
}

/// Quotes all text from clients, so that it cannot pass for a part of the line.
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
  if (record.progress() != nullptr) return progress_to_text(record);
  if (record.datagrams() != nullptr) return datagrams_to_text(record);
  const StreamRecord& stream = record.stream();
  std::string out = text_head(record, summary(record));
  append_side(out, record, Which::client);
  append_side(out, record, Which::upstream);
  append_first(out, stream.verdict);
  auto to = std::back_inserter(out);
  fmt::format_to(to, " duration={}", span_text(record.duration));
  if (stream.connect_duration.count() >= 0) fmt::format_to(to, " connect={}", span_text(stream.connect_duration));
  if (stream.retries != 0) fmt::format_to(to, " retries={}", stream.retries);
  out += tries_to_text(record);
  if (record.one_of_many && record.listen) fmt::format_to(to, " listen={}", *record.listen);
  if (stream.abandoned != relay::Abandoned::no) fmt::format_to(to, " abandoned=\"{}\"", words(stream.abandoned));
  if (stream.introduction) append_introduction(out, *stream.introduction);
  return out;
}

}  // namespace lastbyte::observe
