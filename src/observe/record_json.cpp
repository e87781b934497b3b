#include <nlohmann/json.hpp>

#include "base/result.h"
#include "observe/moment.h"
#include "observe/record_text.h"
#include "observe/summary.h"

namespace lastbyte::observe {
namespace {

// Ordered, so that a line reads in the order in which docs/session-records.md explains it.
using Json = nlohmann::ordered_json;
using termination::Which;

Json address_or_null(const net::Address& address) { return address.none() ? Json(nullptr) : Json(address.text()); }

Json side_object(const relay::Record& record, Which which) {
  const relay::SideRecord& side = record.side(which);
  return Json{
      {"address", address_or_null(side.address)},
      {"end", name(record.verdict.end(which))},
      {"error", side.error == 0 ? Json(nullptr) : Json(errno_name(side.error))},
      {"received", side.flow.received},
      {"delivered", side.flow.delivered},
      {"undelivered", side.flow.undelivered},
      {"discarded", side.flow.discarded},
      {"rescued", side.flow.rescued},
  };
}

}  // namespace

std::string to_json(const relay::Record& record) {
  const termination::Verdict& verdict = record.verdict;
  const Json line{
      {"started", moment_text(record.started)},
      {"ended", moment_text(ended(record))},
      {"id", record.id},
      {"forwarding", record.forwarding ? Json(*record.forwarding) : Json(nullptr)},
      {"complete", verdict.complete},
      {"summary", summary(record)},
      {"first", name(verdict.first)},
      {"first_side", first_has_side(verdict.first) ? Json(name(verdict.first_side)) : Json(nullptr)},
      {"limit", name(verdict.limit)},
      {"retries", record.retries},
      {"duration_us", record.duration.count()},
      {"connect_us", record.connect_duration.count() < 0 ? Json(nullptr) : Json(record.connect_duration.count())},
      {"client", side_object(record, Which::client)},
      {"upstream", side_object(record, Which::upstream)},
  };
  // A name that is not UTF-8 is no reason to lose the record.
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace lastbyte::observe
