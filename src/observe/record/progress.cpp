#include "observe/record/progress.h"

#include <fmt/format.h>

#include <iterator>

#include "observe/record/moment.h"
#include "observe/record/words.h"

namespace lastbyte::observe {

using relay::ProgressRecord;
using relay::Record;
using termination::Which;

std::string progress_to_text(const Record& record) {
  const ProgressRecord& progress = *record.progress();
  std::string out = text_head(record, progress.began ? "began" : "open");
  auto to = std::back_inserter(out);
  if (!progress.began) {
    for (const Which which : termination::kBoth) {
      const ProgressRecord::Flow& flow = progress.flows[static_cast<std::size_t>(which)];
      fmt::format_to(to, " | {} received={} sent={}", name(which), flow.received, flow.sent);
    }
    fmt::format_to(to, " | state={} duration={}", name(progress.phase), span_text(record.duration));
  }
  if (record.listen && progress.began) fmt::format_to(to, " | listen={}", *record.listen);
  return out;
}

std::string progress_to_json(const Record& record) {
  const ProgressRecord& progress = *record.progress();
  std::string out = fmt::format(
      R"({{"event":"{}","started":"{}","at":"{}","id":{},"forwarding":{},"listen":{}{},"state":"{}","duration_us":{})",
      progress.began ? "begin" : "open", moment_text(record.started), moment_text(ended(record)), record.id,
      record.forwarding ? json_string(*record.forwarding) : "null",
      record.listen ? json_string(*record.listen) : "null", progress.datagrams ? R"(,"transport":"udp")" : "",
      name(progress.phase), record.duration.count());
  for (const Which which : termination::kBoth) {
    const ProgressRecord::Flow& flow = progress.flows[static_cast<std::size_t>(which)];
    fmt::format_to(std::back_inserter(out), R"(,"{}":{{"address":{},"received":{},"sent":{}}})", name(which),
                   address_or_null(record.side(which).address), flow.received, flow.sent);
  }
  return out + '}';
}

}  // namespace lastbyte::observe
