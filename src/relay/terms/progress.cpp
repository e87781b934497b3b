#include "relay/terms/progress.h"

#include <algorithm>
#include <utility>

namespace lastbyte::relay {

Record record_of_beginning(Record beginning, bool datagrams) {
  beginning.evidence =
      ProgressRecord{.began = true, .datagrams = datagrams, .phase = datagrams ? Phase::open : Phase::connecting};
  return beginning;
}

Record record_of_progress(const SessionView& view) {
  Record record;
  record.id = view.id;
  record.forwarding = view.forwarding;
  record.listen = view.listen;
  record.started = view.started;
  record.duration = view.age;
  record.sides[0].address = view.client;
  record.sides[1].address = view.upstream;
  ProgressRecord progress{.datagrams = view.datagrams, .phase = view.phase};
  for (std::size_t source = 0; source < view.flows.size(); ++source)
    progress.flows[source] = {view.flows[source].received, view.flows[source].sent};
  record.evidence = progress;
  return record;
}

bool progress_is_due(std::chrono::microseconds age, std::chrono::microseconds since_last, Duration every) {
  const std::chrono::microseconds before = std::max(age - since_last, std::chrono::microseconds(0));
  return age / every > before / every;
}

Duration progress_interval(Duration every) { return std::clamp(every / 8, Duration(1000), Duration(60'000)); }

}  // namespace lastbyte::relay
