#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "base/result.h"
#include "base/text.h"
#include "observe/record/datagram.h"
#include "observe/record/moment.h"
#include "observe/record/progress.h"
#include "observe/record/summary.h"
#include "observe/record/text.h"
#include "observe/record/tries.h"
#include "observe/record/words.h"

namespace lastbyte::observe {
namespace {

using termination::Which;

std::string peer_or_null(const std::optional<net::PeerCredentials>& peer) {
  return peer ? fmt::format(R"({{"pid":{},"uid":{},"gid":{}}})", peer->pid, peer->uid, peer->gid) : "null";
}

std::string told_or_null(const std::optional<std::string>& bytes) {
  return bytes ? json_string(printable(*bytes)) : "null";
}

void append_introduction(std::string& out, const relay::Record& record) {
  static const relay::Introduction nothing;
  const auto& introduction = record.stream().introduction;
  const relay::Introduction& told = introduction ? *introduction : nothing;
  fmt::format_to(std::back_inserter(out), R"(,"via":{},"proxy_header":{},"unique_id":{},"authority":{},"rejected":{})",
                 address_or_null(told.via), quoted_or_null(told.version ? name(*told.version) : std::string_view()),
                 told_or_null(told.unique_id), told_or_null(told.authority),
                 told.rejection.empty() ? "null" : json_string(told.rejection));
}

/// Returns the field only if a reset was seen: a record without `trace` has no such field.
std::string reset_field(const relay::SeenReset& reset) {
  if (reset.by == relay::ResetBy::nobody) return {};
  return fmt::format(R"(,"reset":{{"by":"{}","reason":{}}})", name(reset.by),
                     quoted_or_null(reset.reason == nullptr ? std::string_view() : reset.reason));
}

void append_side_object(std::string& out, const relay::Record& record, Which which) {
  const relay::SideRecord& side = record.side(which);
  const relay::FlowRecord& flow = record.stream().flow(which);
  const auto& peer = record.stream().peers[static_cast<std::size_t>(which)];
  fmt::format_to(std::back_inserter(out),
                 R"(,"{}":{{"address":{},"peer":{},"end":"{}","error":{},"received":{},"delivered":{},)"
                 R"("undelivered":{},"discarded":{},"rescued":{},"descriptors":{}{}}})",
                 name(which), address_or_null(side.address), peer_or_null(peer),
                 name(record.stream().verdict.end(which)), quoted_or_null(errno_name(side.error)), flow.received,
                 flow.delivered, flow.undelivered, flow.discarded, flow.rescued, flow.descriptors,
                 reset_field(side.reset));
}

}  // namespace

std::string to_json(const relay::Record& record) {
  if (record.progress() != nullptr) return progress_to_json(record);
  if (record.datagrams() != nullptr) return datagrams_to_json(record);
  const relay::StreamRecord& stream = record.stream();
  const termination::Verdict& verdict = stream.verdict;
  const bool connected = stream.connect_duration.count() >= 0;
  std::string out =
      fmt::format(R"({},"complete":{},"summary":"{}","first":"{}","first_side":{},"limit":"{}","retries":{},)"
                  R"("duration_us":{},"connect_us":{})",
                  json_head(record), verdict.complete, summary(record), name(verdict.first),
                  quoted_or_null(first_has_side(verdict.first) ? name(verdict.first_side) : std::string_view()),
                  name(verdict.limit), stream.retries, record.duration.count(),
                  connected ? fmt::format("{}", stream.connect_duration.count()) : "null");
  const bool abandoned = stream.abandoned != relay::Abandoned::no;
  fmt::format_to(std::back_inserter(out), R"(,"abandoned":{})",
                 quoted_or_null(abandoned ? words(stream.abandoned) : std::string_view()));
  out += tries_to_json(record);
  append_introduction(out, record);
  append_side_object(out, record, Which::client);
  append_side_object(out, record, Which::upstream);
  out += '}';
  return out;
}

}  // namespace lastbyte::observe
