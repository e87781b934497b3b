#include "observe/record/summary.h"

#include <fmt/format.h>

#include <cerrno>
#include <string_view>

#include "base/result.h"
#include "observe/record/words.h"
#include "relay/terms/ending.h"

namespace lastbyte::observe {
namespace {

using termination::Deadline;
using termination::End;
using termination::Verdict;
using termination::Which;

std::string limit_passed(Deadline limit, Which side) {
  switch (limit) {
    case Deadline::proxy_header: return "proxy_header limit passed";
    case Deadline::first_byte: return "first_byte limit passed";
    case Deadline::queue: return "queue limit passed";
    case Deadline::connect: return "connect limit passed";
    case Deadline::idle: return "idle limit passed";
    case Deadline::half_close: return "half_close limit passed";
    case Deadline::reset_flush: return "reset_flush limit passed";
    case Deadline::linger: return fmt::format("linger limit passed, {} was still sending", name(side));
    case Deadline::drain: return "drain limit passed";
    case Deadline::none: break;
  }
  return "limit passed";
}

/// EADDRNOTAVAIL has a text of its own: nothing is wrong with the upstream (T13).
std::string unreachable(std::string_view who, int error) {
  return fmt::format("{} unreachable{}", who,
                     error == EADDRNOTAVAIL ? ", no local address and port to connect from" : "");
}

std::string cause(const relay::Record& record) {
  const Verdict& verdict = record.stream().verdict;
  if (verdict.complete) return "complete";
  const Which side = relay::culprit(verdict);
  const std::string_view who = name(side);
  switch (verdict.end(side)) {
    case End::reset: return fmt::format("reset by {}", who);
    case End::vanished: return fmt::format("{} vanished", who);
    case End::unreachable: return unreachable(who, record.side(side).error);
    case End::refused: return fmt::format("refused by {}", who);
    case End::limit: return limit_passed(verdict.limit, side);
    case End::stopped: return "stopped by the operator";
    case End::abandoned: return fmt::format("abandoned: {}", words(record.stream().abandoned));
    case End::left: return fmt::format("left {} while it might still send", who);
    case End::aborted: return fmt::format("aborted by the FIN of {}", who);
    case End::rejected: return fmt::format("{} rejected", who);
    case End::untried:
      return verdict.end(Which::client) == End::fin ? "client sent nothing" : fmt::format("{} untried", who);
    case End::passed_on: return fmt::format("{} reset for the other side's failure", who);
    case End::fin: break;
  }
  return "incomplete";
}

}  // namespace

std::string summary(const relay::Record& record) {
  const Verdict& verdict = record.stream().verdict;
  std::string out = cause(record);
  if (!verdict.complete)
    if (const int error = record.side(relay::culprit(verdict)).error; error != 0)
      out += fmt::format(" ({})", errno_name(error));
  const bool limit_is_told = verdict.end(relay::culprit(verdict)) == End::limit;
  if (verdict.limit != Deadline::none && verdict.limit != Deadline::drain && !limit_is_told)
    out += fmt::format(", {} limit passed", name(verdict.limit));
  for (const Which source : termination::kBoth)
    if (const auto lost = record.stream().flow(source).undelivered; lost != 0)
      out += fmt::format(", {} byte{} from {} undelivered", lost, lost == 1 ? "" : "s", name(source));
  return out;
}

}  // namespace lastbyte::observe
