// One function of the table below makes each family and also describes it, so that metrics and description agree.
#include "observe/metrics/metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <functional>
#include <sstream>
#include <string_view>
#include <utility>

namespace lastbyte::observe {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using relay::CountKind;

constexpr std::string_view kPrefix = "lastbyte_";

struct Row {
  MetricFamily family;              ///< without its metrics
  std::vector<std::string> labels;  ///< the labels besides `le` of buckets
  std::function<void(const Snapshot&, std::vector<ClientMetric>&)> fill;
};

using Labels = std::vector<ClientMetric::Label>;

MetricType type_of(CountKind kind) { return kind == CountKind::gauge ? MetricType::Gauge : MetricType::Counter; }

ClientMetric number(MetricType type, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  if (type == MetricType::Gauge) {
    metric.gauge.value = value;
  } else {
    metric.counter.value = value;
  }
  return metric;
}

MetricFamily bare(std::string name, std::string_view help, MetricType type) {
  MetricFamily family;
  family.name = std::move(name);
  family.help = help;
  family.type = type;
  return family;
}

std::string prefixed(std::string_view name) { return std::string(kPrefix).append(name); }

Row of_forwardings(const relay::FamilyDescription& described) {
  const MetricType type = type_of(described.kind);
  Row row{bare(prefixed(described.name), described.help, type), {"forwarding"}, {}};
  std::vector<relay::Dimension> by;
  for (const relay::Dimension& each : described.by)
    if (!each.label.empty()) by.push_back(each);
  for (const relay::Dimension& each : by) row.labels.emplace_back(each.label);
  row.fill = [described, by, type](const Snapshot& snapshot, std::vector<ClientMetric>& metrics) {
    for (const ForwardingSnapshot& forwarding : snapshot.forwardings) {
      const auto cells = forwarding.of(described.family);
      for (std::size_t index = 0; index < cells.size(); ++index) {
        Labels labels{{"forwarding", forwarding.name}};
        std::size_t rest = index;
        std::size_t below = cells.size();
        for (const relay::Dimension& each : by) {
          below /= each.words.size();
          labels.push_back({std::string(each.label), std::string(each.words[rest / below])});
          rest %= below;
        }
        metrics.push_back(number(type, std::move(labels), static_cast<double>(cells[index])));
      }
    }
  };
  return row;
}

Row of_members() {
  Row row{bare(prefixed(relay::kEnded.name), relay::kEnded.help, MetricType::Counter),
          {"forwarding", std::string(relay::kEnded.member), std::string(relay::kEnded.ending.label)},
          {}};
  row.fill = [](const Snapshot& snapshot, std::vector<ClientMetric>& metrics) {
    for (const ForwardingSnapshot& forwarding : snapshot.forwardings)
      for (const MemberSnapshot& member : forwarding.members)
        for (std::size_t index = 0; index < member.ended.size(); ++index)
          metrics.push_back(
              number(MetricType::Counter,
                     {{"forwarding", forwarding.name},
                      {std::string(relay::kEnded.member), member.name},
                      {std::string(relay::kEnded.ending.label), std::string(relay::kEnded.ending.words[index])}},
                     static_cast<double>(member.ended[index])));
  };
  return row;
}

Row of_times(const relay::TimingDescription& described) {
  Row row{bare(prefixed(described.name), described.help, MetricType::Histogram), {"forwarding"}, {}};
  row.fill = [described](const Snapshot& snapshot, std::vector<ClientMetric>& metrics) {
    for (const ForwardingSnapshot& forwarding : snapshot.forwardings) {
      const TimesSnapshot& times = forwarding.of(described.timing);
      ClientMetric metric;
      metric.label = {{"forwarding", forwarding.name}};
      std::uint64_t so_far = 0;
      for (std::size_t index = 0; index < described.bounds.size(); ++index) {
        so_far += times.buckets[index];
        metric.histogram.bucket.push_back({so_far, described.bounds[index]});
      }
      metric.histogram.sample_count = times.count();
      metric.histogram.sample_sum = static_cast<double>(times.sum_us) / 1e6;
      metrics.push_back(std::move(metric));
    }
  };
  return row;
}

/// A row that sums a counter over the workers.
Row of_counts(const relay::CountDescription& described) {
  const MetricType type = type_of(described.kind);
  Row row{bare(prefixed(described.name), described.help, type), {}, {}};
  row.fill = [described, type](const Snapshot& snapshot, std::vector<ClientMetric>& metrics) {
    std::uint64_t sum = 0;
    for (const WorkerSnapshot& worker : snapshot.workers)
      sum += worker.counts[static_cast<std::size_t>(described.count)];
    metrics.push_back(number(type, {}, static_cast<double>(sum)));
  };
  return row;
}

Row of_workers(std::string_view name, std::string_view help, MetricType type,
               double (*value)(const WorkerSnapshot& worker)) {
  Row row{bare(prefixed(name), help, type), {"worker"}, {}};
  row.fill = [type, value](const Snapshot& snapshot, std::vector<ClientMetric>& metrics) {
    for (std::size_t index = 0; index < snapshot.workers.size(); ++index)
      metrics.push_back(number(type, {{"worker", std::to_string(index)}}, value(snapshot.workers[index])));
  };
  return row;
}

double used_ratio(const PortsSnapshot& ports) {
  return ports.available == 0 ? 1.0 : static_cast<double>(ports.in_use) / static_cast<double>(ports.available);
}

/// Keeps the fullest destinations, and the fullest of the rest as "other": a forwarding of many ports has as many
/// destinations.
std::vector<PortsSnapshot> bounded(std::vector<PortsSnapshot> ports) {
  constexpr std::size_t kMost = 200;
  if (ports.size() <= kMost) return ports;
  std::ranges::stable_sort(ports, std::ranges::greater{}, used_ratio);
  ports.resize(kMost);
  ports.back().destination = "other";
  return ports;
}

Row of_ports(std::string_view name, std::string_view help, double (*value)(const PortsSnapshot& ports)) {
  Row row{bare(prefixed(name), help, MetricType::Gauge), {"destination"}, {}};
  row.fill = [value](const Snapshot& snapshot, std::vector<ClientMetric>& metrics) {
    for (const PortsSnapshot& ports : bounded(snapshot.ports))
      metrics.push_back(number(MetricType::Gauge, {{"destination", ports.destination}}, value(ports)));
  };
  return row;
}

/// `name` is the complete name.
Row of_process(std::string name, std::string_view help, MetricType type, double (*value)(const Snapshot& snapshot)) {
  Row row{bare(std::move(name), help, type), {}, {}};
  row.fill = [type, value](const Snapshot& snapshot, std::vector<ClientMetric>& metrics) {
    metrics.push_back(number(type, {}, value(snapshot)));
  };
  return row;
}

Row of_build() {
  Row row{bare(prefixed("build_info"), "The version of lastbyte; the value is always 1.", MetricType::Gauge),
          {"version"},
          {}};
  row.fill = [](const Snapshot& snapshot, std::vector<ClientMetric>& metrics) {
    metrics.push_back(number(MetricType::Gauge, {{"version", snapshot.version}}, 1));
  };
  return row;
}

Row of_io() {
  Row row{bare(prefixed("io_info"), "How a worker sends, by epoll or io-uring (setting io); the value is always 1.",
               MetricType::Gauge),
          {"worker", "io"},
          {}};
  row.fill = [](const Snapshot& snapshot, std::vector<ClientMetric>& metrics) {
    for (std::size_t index = 0; index < snapshot.workers.size(); ++index)
      metrics.push_back(number(MetricType::Gauge,
                               {{"worker", std::to_string(index)}, {"io", std::string(snapshot.workers[index].io())}},
                               1));
  };
  return row;
}

Row of_groups() {
  Row row{bare(prefixed("group_members"), "Members of an upstream group, by their state.", MetricType::Gauge),
          {"group", "state"},
          {}};
  row.fill = [](const Snapshot& snapshot, std::vector<ClientMetric>& metrics) {
    for (const GroupSnapshot& group : snapshot.groups)
      for (std::size_t index = 0; index < kMemberStates.size(); ++index)
        metrics.push_back(number(MetricType::Gauge,
                                 {{"group", group.name}, {"state", std::string(kMemberStates[index])}},
                                 static_cast<double>(group.members[index])));
  };
  return row;
}

double count(std::uint64_t number) { return static_cast<double>(number); }

Row of_waiting() {
  Row row{bare(prefixed("group_waiting_sessions"), "Sessions that wait in the queue of an upstream group.",
               MetricType::Gauge),
          {"group"},
          {}};
  row.fill = [](const Snapshot& snapshot, std::vector<ClientMetric>& metrics) {
    for (const GroupSnapshot& group : snapshot.groups)
      metrics.push_back(number(MetricType::Gauge, {{"group", group.name}}, count(group.waiting)));
  };
  return row;
}

Row of_present_members(std::string_view name, std::string_view help, double (*value)(const PresentMember& member)) {
  Row row{bare(prefixed(name), help, MetricType::Gauge), {"group", "member"}, {}};
  row.fill = [value](const Snapshot& snapshot, std::vector<ClientMetric>& metrics) {
    for (const PresentMember& each : snapshot.members)
      metrics.push_back(number(MetricType::Gauge, {{"group", each.group}, {"member", each.member}}, value(each)));
  };
  return row;
}

Row of_member_counts(std::string_view name, std::string_view help, std::uint64_t MemberCounts::* value) {
  Row row{bare(prefixed(name), help, MetricType::Counter), {"group", "member"}, {}};
  row.fill = [value](const Snapshot& snapshot, std::vector<ClientMetric>& metrics) {
    for (const MemberCounts& each : snapshot.member_counts)
      metrics.push_back(
          number(MetricType::Counter, {{"group", each.group}, {"member", each.member}}, count(each.*value)));
  };
  return row;
}

Row of_checks() {
  Row row{
      bare(prefixed("health_checks_total"),
           "Completed health checks of a member, by result. For heartbeats: frames and failures.", MetricType::Counter),
      {"group", "member", "result"},
      {}};
  row.fill = [](const Snapshot& snapshot, std::vector<ClientMetric>& metrics) {
    for (const MemberCounts& each : snapshot.member_counts)
      for (const auto& [result, value] :
           {std::pair("passed", each.checks_passed), std::pair("failed", each.checks_failed)})
        metrics.push_back(number(MetricType::Counter,
                                 {{"group", each.group}, {"member", each.member}, {"result", result}}, count(value)));
  };
  return row;
}

Row of_lookups() {
  Row row{bare(prefixed("name_lookups_total"), "Look-ups of the name of an upstream, by their result.",
               MetricType::Counter),
          {"name", "result"},
          {}};
  row.fill = [](const Snapshot& snapshot, std::vector<ClientMetric>& metrics) {
    for (const NameSnapshot& each : snapshot.names)
      for (const auto& [result, value] : {std::pair("found", each.found), std::pair("failed", each.failed)})
        metrics.push_back(number(MetricType::Counter, {{"name", each.name}, {"result", result}}, count(value)));
  };
  return row;
}

/// `value` returns nullopt if the name has no such series now.
Row of_names(std::string_view name, std::string_view help, std::optional<double> (*value)(const NameSnapshot& name)) {
  Row row{bare(prefixed(name), help, MetricType::Gauge), {"name"}, {}};
  row.fill = [value](const Snapshot& snapshot, std::vector<ClientMetric>& metrics) {
    for (const NameSnapshot& each : snapshot.names)
      if (const auto number_now = value(each))
        metrics.push_back(number(MetricType::Gauge, {{"name", each.name}}, *number_now));
  };
  return row;
}

void add_groups(std::vector<Row>& rows) {
  rows.push_back(of_groups());
  rows.push_back(of_waiting());
  rows.push_back(of_present_members("member_up", "Whether a member of an upstream group gets new sessions: 1 or 0.",
                                    [](const PresentMember& it) { return it.up ? 1.0 : 0.0; }));
  rows.push_back(of_present_members("member_sessions", "Sessions that are open with a member, connecting included.",
                                    [](const PresentMember& it) { return count(it.sessions); }));
  rows.push_back(of_member_counts("member_connections_total",
                                  "Sessions that were connected to a member, again after a retry; of UDP, for which a "
                                  "socket was made.",
                                  &MemberCounts::began));
  rows.push_back(of_member_counts("member_connect_failures_total",
                                  "Attempts to connect to an address of a member that failed.", &MemberCounts::failed));
  rows.push_back(of_checks());
  rows.push_back(of_member_counts("member_ejections_total",
                                  "Times that a member was ejected because its sessions ended badly.",
                                  &MemberCounts::ejections));
}

void add_names(std::vector<Row>& rows) {
  rows.push_back(of_lookups());
  rows.push_back(of_names("name_last_found_timestamp_seconds",
                          "Time of the last look-up that gave an address of the name.",
                          [](const NameSnapshot& it) { return it.found_seconds; }));
  rows.push_back(of_names("name_addresses", "Addresses of the name that lastbyte connects to.",
                          [](const NameSnapshot& it) -> std::optional<double> {
                            return it.addresses ? std::optional(count(*it.addresses)) : std::nullopt;
                          }));
}

void add_probe(std::vector<Row>& rows) {
  rows.push_back(of_process(prefixed("heartbeats_received_total"), "Frames of heartbeats that lastbyte accepted.",
                            MetricType::Counter, [](const Snapshot& it) { return count(it.probe.heartbeats); }));
  rows.push_back(of_process(
      prefixed("heartbeats_refused_total"), "Frames of heartbeats that were too large, malformed, replayed or late.",
      MetricType::Counter, [](const Snapshot& it) { return count(it.probe.heartbeats_refused); }));
  rows.push_back(of_process(prefixed("observations_dropped_total"),
                            "Endings of sessions that ejection did not learn of, because there were too many at once.",
                            MetricType::Counter,
                            [](const Snapshot& it) { return count(it.probe.observations_dropped); }));
}

void add_workers(std::vector<Row>& rows) {
  rows.push_back(of_workers("worker_cpu_seconds_total", "CPU time that a worker's thread has used.",
                            MetricType::Counter, [](const WorkerSnapshot& it) { return it.cpu_seconds; }));
  rows.push_back(of_workers("worker_loop_lag_seconds",
                            "How long the last message of the administration waited for the worker's loop.",
                            MetricType::Gauge, [](const WorkerSnapshot& it) { return it.lag_seconds; }));
  rows.push_back(of_io());
}

void add_ports(std::vector<Row>& rows) {
  rows.push_back(of_ports("local_ports_used_ratio",
                          "Share of the local ports towards an upstream address that is in use, TIME_WAIT included "
                          "(T13).",
                          used_ratio));
  rows.push_back(of_ports("local_ports_time_wait", "Local ports towards an upstream address that are in TIME_WAIT.",
                          [](const PortsSnapshot& it) { return count(it.time_wait); }));
}

void add_own(std::vector<Row>& rows) {
  rows.push_back(of_process(prefixed("max_sessions"), "Maximum number of concurrent sessions of the process.",
                            MetricType::Gauge, [](const Snapshot& it) { return count(it.max_sessions); }));
  rows.push_back(of_process(prefixed("log_records_lost_total"), "Session records that could not be written to the log.",
                            MetricType::Counter, [](const Snapshot& it) { return count(it.records_lost); }));
  rows.push_back(of_process(prefixed("config_last_reload_successful"),
                            "Whether the last reload, or the start, succeeded: 1 or 0.", MetricType::Gauge,
                            [](const Snapshot& it) { return it.reload.successful ? 1.0 : 0.0; }));
  rows.push_back(of_process(prefixed("config_last_reload_success_timestamp_seconds"),
                            "Time of the last successful reload, or of the start.", MetricType::Gauge,
                            [](const Snapshot& it) { return it.reload.successful_seconds; }));
  rows.push_back(of_process(prefixed("config_reloads_total"), "Reloads that succeeded.", MetricType::Counter,
                            [](const Snapshot& it) { return count(it.reload.succeeded); }));
  rows.push_back(of_process(prefixed("config_reload_failures_total"), "Reloads that failed and changed nothing.",
                            MetricType::Counter, [](const Snapshot& it) { return count(it.reload.failed); }));
}

/// The names are those of Prometheus' client libraries.
void add_standard(std::vector<Row>& rows) {
  rows.push_back(of_process("process_cpu_seconds_total", "User and system CPU time that the process has used.",
                            MetricType::Counter, [](const Snapshot& it) { return it.process.cpu_seconds; }));
  rows.push_back(of_process("process_start_time_seconds", "Time at which the process started.", MetricType::Gauge,
                            [](const Snapshot& it) { return it.process.start_seconds; }));
  rows.push_back(of_process("process_open_fds", "File descriptors that the process has open.", MetricType::Gauge,
                            [](const Snapshot& it) { return count(it.process.open_descriptors); }));
  rows.push_back(of_process("process_max_fds", "File descriptors that the process may have open.", MetricType::Gauge,
                            [](const Snapshot& it) { return count(it.process.most_descriptors); }));
  rows.push_back(of_process("process_virtual_memory_bytes", "Virtual memory of the process.", MetricType::Gauge,
                            [](const Snapshot& it) { return count(it.process.virtual_bytes); }));
  rows.push_back(of_process("process_resident_memory_bytes", "Resident memory of the process.", MetricType::Gauge,
                            [](const Snapshot& it) { return count(it.process.resident_bytes); }));
  rows.push_back(of_process("process_threads", "Threads of the process.", MetricType::Gauge,
                            [](const Snapshot& it) { return count(it.process.threads); }));
}

std::vector<Row> make_rows() {
  std::vector<Row> rows;
  rows.push_back(of_members());
  for (const auto& each : relay::kFamilies) rows.push_back(of_forwardings(each));
  for (const auto& each : relay::kTimings) rows.push_back(of_times(each));
  for (const auto& each : relay::kCounts)
    if (each.is_metric) rows.push_back(of_counts(each));
  add_workers(rows);
  add_groups(rows);
  add_names(rows);
  add_probe(rows);
  add_ports(rows);
  add_own(rows);
  rows.push_back(of_build());
  add_standard(rows);
  return rows;
}

const std::vector<Row>& rows() {
  static const std::vector<Row> kRows = make_rows();
  return kRows;
}

std::string_view word(MetricType type) {
  switch (type) {
    case MetricType::Counter: return "counter";
    case MetricType::Gauge: return "gauge";
    case MetricType::Histogram: return "histogram";
    case MetricType::Summary: return "summary";
    case MetricType::Untyped: return "untyped";
  }
  return "?";
}

}  // namespace

std::vector<MetricFamily> families(const Snapshot& snapshot) {
  std::vector<MetricFamily> all;
  for (const Row& row : rows()) {
    all.push_back(row.family);
    row.fill(snapshot, all.back().metric);
  }
  return all;
}

std::string metrics_text(const Snapshot& snapshot) {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families(snapshot));
  return std::move(out).str();
}

std::vector<MetricDescription> described_metrics() {
  std::vector<MetricDescription> all;
  for (const Row& row : rows()) {
    std::string labels;
    for (const std::string& each : row.labels) labels += (labels.empty() ? "" : ", ") + each;
    all.push_back({row.family.name, std::string(word(row.family.type)), labels, row.family.help});
  }
  return all;
}

}  // namespace lastbyte::observe
