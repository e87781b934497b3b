#include "observe/record/tries.h"

#include <fmt/format.h>

#include <iterator>

#include "base/result.h"
#include "observe/record/words.h"

namespace lastbyte::observe {
namespace {

using relay::Try;
using relay::TryEnd;

/// Returns the errno for a failure, a word for any other end.
std::string outcome(const Try& each) {
  return each.error == 0 ? std::string(name(each.end)) : fmt::format("{} {}", name(each.end), errno_name(each.error));
}

std::string try_to_json(const Try& each) {
  return fmt::format(R"({{"member":{},"address":{},"began_us":{},"took_us":{},"end":"{}","error":{}}})",
                     json_string(each.member), address_or_null(each.address), each.began.count(), each.took.count(),
                     name(each.end), quoted_or_null(errno_name(each.error)));
}

}  // namespace

std::string_view name(TryEnd end) {
  switch (end) {
    case TryEnd::connected: return "connected";
    case TryEnd::failed: return "failed";
    case TryEnd::outrun: return "outrun";
    case TryEnd::reset: return "reset";
  }
  return "?";
}

std::string tries_to_text(const relay::Record& record) {
  if (!record.tries) return {};
  const relay::Tries& tries = *record.tries;
  std::string out;
  auto to = std::back_inserter(out);
  if (!tries.group.empty()) fmt::format_to(to, " group={}", column(tries.group));
  if (tries.all.empty()) return out;
  fmt::format_to(to, " member={}", column(tries.all.back().member));
  if (tries.all.size() == 1) return out;
  std::string list;
  for (const Try& each : tries.all) {
    fmt::format_to(std::back_inserter(list), "{}{} {} at {} after {}", list.empty() ? "" : "; ", each.address.text(),
                   outcome(each), span_text(each.began), span_text(each.took));
  }
  if (tries.unlisted != 0) list += fmt::format("; {} more", tries.unlisted);
  fmt::format_to(to, " tries={:?}", list);
  return out;
}

std::string tries_to_json(const relay::Record& record) {
  if (!record.tries) return R"(,"group":null,"member":null,"tries":[])";
  const relay::Tries& tries = *record.tries;
  std::string list;
  for (const Try& each : tries.all) list += (list.empty() ? "" : ",") + try_to_json(each);
  return fmt::format(R"(,"group":{},"member":{},"tries":[{}])", tries.group.empty() ? "null" : json_string(tries.group),
                     tries.all.empty() ? "null" : json_string(tries.all.back().member), list);
}

}  // namespace lastbyte::observe
