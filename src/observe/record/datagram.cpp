#include "observe/record/datagram.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "base/result.h"
#include "observe/record/moment.h"
#include "observe/record/tries.h"
#include "observe/record/words.h"

namespace lastbyte::observe {
namespace {

using relay::DatagramEnd;
using relay::DatagramFlow;
using relay::Record;
using termination::Which;

const DatagramFlow& flow(const Record& record, Which source) {
  return record.datagrams()->flows[static_cast<std::size_t>(source)];
}

std::string ending(const Record& record) {
  switch (record.datagrams()->end) {
    case DatagramEnd::idle: return "idle";
    case DatagramEnd::failed:
      return fmt::format("upstream failed ({})", errno_name(record.side(Which::upstream).error));
    case DatagramEnd::evicted: return "evicted for a new client";
    case DatagramEnd::superseded: return "superseded by a reload";
    case DatagramEnd::drained: return "drained at a stop";
    case DatagramEnd::stopped: return "stopped by the operator";
  }
  return "?";
}

std::string datagram_summary(const Record& record) {
  std::string out = ending(record);
  for (const Which source : termination::kBoth)
    if (const auto lost = flow(record, source).dropped; lost != 0)
      out += fmt::format(", {} datagram{} from {} dropped", lost, lost == 1 ? "" : "s", name(source));
  return out;
}

}  // namespace

std::string_view name(relay::DatagramEnd end) {
  switch (end) {
    case relay::DatagramEnd::idle: return "idle";
    case relay::DatagramEnd::failed: return "failed";
    case relay::DatagramEnd::evicted: return "evicted";
    case relay::DatagramEnd::superseded: return "superseded";
    case relay::DatagramEnd::drained: return "drained";
    case relay::DatagramEnd::stopped: return "stopped";
  }
  return "?";
}

std::string datagrams_to_text(const Record& record) {
  std::string out = text_head(record, datagram_summary(record));
  auto to = std::back_inserter(out);
  for (const Which which : termination::kBoth) {
    const DatagramFlow& each = flow(record, which);
    fmt::format_to(to, " | {}", name(which));
    if (const int error = record.side(which).error; error != 0) fmt::format_to(to, " error={}", errno_name(error));
    fmt::format_to(to, " received={}/{}", each.received, each.received_bytes);
    if (each.dropped != 0) fmt::format_to(to, " dropped={}/{}", each.dropped, each.dropped_bytes);
  }
  fmt::format_to(to, " | end={} duration={}", name(record.datagrams()->end), span_text(record.duration));
  out += tries_to_text(record);
  if (record.one_of_many && record.listen) fmt::format_to(to, " listen={}", *record.listen);
  return out;
}

std::string datagrams_to_json(const Record& record) {
  std::string out = fmt::format(R"({},"transport":"udp","end":"{}","summary":"{}","duration_us":{})", json_head(record),
                                name(record.datagrams()->end), datagram_summary(record), record.duration.count());
  out += tries_to_json(record);
  for (const Which which : termination::kBoth) {
    const DatagramFlow& each = flow(record, which);
    fmt::format_to(std::back_inserter(out),
                   R"(,"{}":{{"address":{},"error":{},"datagrams":{},"bytes":{},"dropped_datagrams":{},)"
                   R"("dropped_bytes":{}}})",
                   name(which), address_or_null(record.side(which).address),
                   quoted_or_null(errno_name(record.side(which).error)), each.received, each.received_bytes,
                   each.dropped, each.dropped_bytes);
  }
  out += '}';
  return out;
}

}  // namespace lastbyte::observe
