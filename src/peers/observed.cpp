#include "peers/observed.h"

#include <algorithm>
#include <cerrno>

#include "base/result.h"

namespace lastbyte::peers {
namespace {

std::string milliseconds(Elapsed time) { return std::to_string(time.count() / 1000) + "ms"; }

std::string ending(const Observed& seen) {
  std::string text;
  if (seen.fin) text += ", FIN at " + milliseconds(seen.fin_at);
  if (seen.error != 0) text += ", " + errno_name(seen.error) + " at " + milliseconds(seen.error_at);
  if (seen.timed_out) text += ", did not finish in time";
  return text;
}

}  // namespace

bool Observed::reset() const { return connected && !fin && (error == ECONNRESET || error == EPIPE); }

bool Observed::as_scripted() const {
  return connected && !timed_out && !first_wrong &&
         std::ranges::all_of(steps, [](const StepSeen& step) { return step.failure.empty(); });
}

std::optional<Elapsed> Observed::ended(const std::string& step) const {
  const auto found = std::ranges::find(steps, step, &StepSeen::text);
  if (found == steps.end()) return std::nullopt;
  return found->ended;
}

std::string Observed::text() const {
  std::string out = local.text() + " -> " + remote.text() + (connected ? "" : " not connected") + ": sent " +
                    std::to_string(sent) + " (" + std::to_string(unacknowledged) + " unacknowledged), received " +
                    std::to_string(received) + " (" + std::to_string(unread) + " more unread)" + ending(*this);
  if (header) out += ", PROXY header of " + told.text();
  if (!header_failure.empty()) out += ", PROXY header: " + header_failure;
  if (first_wrong) out += ", wrong from byte " + std::to_string(*first_wrong);
  for (const StepSeen& step : steps) {
    out += "\n  " + milliseconds(step.began) + " to " + milliseconds(step.ended) + "  " + step.text;
    if (!step.failure.empty()) out += ": " + step.failure;
  }
  return out + "\n";
}

}  // namespace lastbyte::peers
