// Tests metrics from made-up figures, and that docs/metrics.md agrees with the tables. To update it, run this test with
// LASTBYTE_UPDATE_DOCS=1.
#include "observe/metrics/metrics.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/observe/record/endings.h"

namespace lastbyte::observe {
namespace {

/// One forwarding with two workers.
std::shared_ptr<relay::ForwardingFigures> figures() {
  auto all = std::make_shared<relay::ForwardingFigures>("web", 2);
  for (const auto& worker : all->of_worker) {
    worker->add(relay::Family::begun);
    worker->enter(relay::Phase::lingering);
    worker->add(relay::Family::received_bytes, termination::Which::upstream, 100);
    worker->ended(complete_record());
  }
  return all;
}

Snapshot snapshot() {
  Snapshot snapshot;
  snapshot.version = "1.2.3";
  snapshot.forwardings.push_back(snapshot_of(*figures()));
  snapshot.workers.resize(2);
  for (WorkerSnapshot& each : snapshot.workers) each.counts.fill(4);
  snapshot.workers[0].counts[static_cast<std::size_t>(relay::Count::rings)] = 0;
  snapshot.workers[1].cpu_seconds = 2.5;
  snapshot.ports.push_back({.destination = "10.0.0.6:80", .in_use = 30, .time_wait = 7, .available = 120});
  GroupSnapshot& group = snapshot.groups.emplace_back();
  group.name = "databases";
  group.waiting = 3;
  for (const char* state : {"up", "up", "ejected"}) group.count_member(state);
  snapshot.groups.push_back({.name = "empty"});
  snapshot.members.push_back({.group = "databases", .member = "tcp:db1:5432", .up = true, .sessions = 5});
  snapshot.member_counts.push_back({.group = "databases",
                                    .member = "tcp:db1:5432",
                                    .began = 10,
                                    .failed = 2,
                                    .checks_passed = 100,
                                    .checks_failed = 1,
                                    .ejections = 4});
  snapshot.names.push_back({.name = "db1", .found = 7, .failed = 1, .addresses = 2, .found_seconds = 1.5});
  snapshot.names.push_back({.name = "old", .found = 9});
  snapshot.reload.successful = false;
  return snapshot;
}

/// Returns the value of a series; "": there is none.
std::string value(const std::string& text, const std::string& series) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(series + " ")) return line.substr(series.size() + 1);
  return "";
}

TEST(Metrics, numbers_of_all_workers_are_summed_under_their_labels) {
  const std::string text = metrics_text(snapshot());
  EXPECT_EQ(value(text, R"(lastbyte_sessions_begun_total{forwarding="web"})"), "2");
  EXPECT_EQ(value(text, R"(lastbyte_sessions{forwarding="web",state="lingering"})"), "2");
  EXPECT_EQ(value(text, R"(lastbyte_sessions{forwarding="web",state="open"})"), "0");
  EXPECT_EQ(value(text, R"(lastbyte_received_bytes_total{forwarding="web",side="upstream"})"), "200");
  EXPECT_EQ(value(text, R"(lastbyte_received_bytes_total{forwarding="web",side="client"})"), "0");
  EXPECT_EQ(
      value(text, "lastbyte_sessions_ended_total{forwarding=\"web\",member=\"[2001:db8::2]:80\",ending=\"complete\"}"),
      "2");
  EXPECT_EQ(value(text, "lastbyte_accept_pauses_total"), "8");
  EXPECT_EQ(value(text, R"(lastbyte_worker_cpu_seconds_total{worker="1"})"), "2.5");
  EXPECT_EQ(value(text, R"(lastbyte_io_info{worker="0",io="epoll"})"), "1");
  EXPECT_EQ(value(text, R"(lastbyte_io_info{worker="1",io="io-uring"})"), "1");
  EXPECT_EQ(value(text, R"(lastbyte_local_ports_used_ratio{destination="10.0.0.6:80"})"), "0.25");
  EXPECT_EQ(value(text, R"(lastbyte_local_ports_time_wait{destination="10.0.0.6:80"})"), "7");
  EXPECT_EQ(value(text, R"(lastbyte_group_members{group="databases",state="up"})"), "2");
  EXPECT_EQ(value(text, R"(lastbyte_group_members{group="databases",state="down"})"), "0");
  EXPECT_EQ(value(text, R"(lastbyte_group_members{group="empty",state="up"})"), "0") << "an alert waits for it";
  EXPECT_EQ(value(text, R"(lastbyte_group_waiting_sessions{group="databases"})"), "3");
  EXPECT_EQ(value(text, R"(lastbyte_member_up{group="databases",member="tcp:db1:5432"})"), "1");
  EXPECT_EQ(value(text, R"(lastbyte_member_sessions{group="databases",member="tcp:db1:5432"})"), "5");
  EXPECT_EQ(value(text, R"(lastbyte_member_connections_total{group="databases",member="tcp:db1:5432"})"), "10");
  EXPECT_EQ(value(text, R"(lastbyte_member_connect_failures_total{group="databases",member="tcp:db1:5432"})"), "2");
  EXPECT_EQ(value(text, R"(lastbyte_member_ejections_total{group="databases",member="tcp:db1:5432"})"), "4");
  EXPECT_EQ(value(text, R"(lastbyte_health_checks_total{group="databases",member="tcp:db1:5432",result="failed"})"),
            "1");
  EXPECT_EQ(value(text, R"(lastbyte_name_lookups_total{name="db1",result="found"})"), "7");
  EXPECT_EQ(value(text, R"(lastbyte_name_lookups_total{name="old",result="found"})"), "9");
  EXPECT_EQ(value(text, R"(lastbyte_name_addresses{name="db1"})"), "2");
  EXPECT_EQ(value(text, R"(lastbyte_name_addresses{name="old"})"), "") << "nothing uses the name";
  EXPECT_EQ(value(text, R"(lastbyte_name_last_found_timestamp_seconds{name="db1"})"), "1.5");
  EXPECT_EQ(value(text, "lastbyte_config_last_reload_successful"), "0");
  EXPECT_EQ(value(text, R"(lastbyte_build_info{version="1.2.3"})"), "1");
}

TEST(Metrics, destinations_beyond_the_limit_are_one_and_it_is_the_fullest_of_them) {
  Snapshot many = snapshot();
  many.ports.clear();
  for (std::uint64_t each = 0; each < 300; ++each)
    many.ports.push_back({.destination = std::to_string(each), .in_use = each, .time_wait = each, .available = 300});
  const std::string text = metrics_text(many);
  EXPECT_EQ(value(text, R"(lastbyte_local_ports_time_wait{destination="299"})"), "299");
  EXPECT_EQ(value(text, R"(lastbyte_local_ports_time_wait{destination="101"})"), "101");
  EXPECT_EQ(value(text, R"(lastbyte_local_ports_time_wait{destination="100"})"), "");
  EXPECT_EQ(value(text, R"(lastbyte_local_ports_time_wait{destination="other"})"), "100");
}

TEST(Metrics, a_session_of_a_group_is_counted_under_its_members_name_whatever_its_address) {
  relay::ForwardingFigures figures("web", 1);
  relay::Record record = complete_record();
  const auto tries = std::make_shared<relay::Tries>();
  tries->all.push_back({.member = "tcp:db.example:5432", .address = record.sides[1].address});
  record.tries = tries;
  figures.of_worker.front()->ended(record);
  record.sides[1].address.set_port(1);
  figures.of_worker.front()->ended(record);
  record.tries = std::make_shared<relay::Tries>();
  record.sides[1].address = {};
  figures.of_worker.front()->ended(record);
  Snapshot snapshot;
  snapshot.forwardings.push_back(snapshot_of(figures));
  const std::string text = metrics_text(snapshot);
  const auto ended = [&](const std::string& member) {
    return value(text,
                 "lastbyte_sessions_ended_total{forwarding=\"web\",member=\"" + member + "\",ending=\"complete\"}");
  };
  EXPECT_EQ(ended("tcp:db.example:5432"), "2");
  EXPECT_EQ(ended("none"), "1");
}

TEST(Metrics, members_beyond_the_limit_are_counted_as_other) {
  relay::ForwardingFigures figures("web", 1);
  relay::Record record = complete_record();
  for (std::uint16_t port = 1; port <= relay::Figures::kMostMembers + 8; ++port) {
    record.sides[1].address.set_port(port);
    figures.of_worker.front()->ended(record);
  }
  Snapshot snapshot;
  snapshot.forwardings.push_back(snapshot_of(figures));
  const std::string text = metrics_text(snapshot);
  EXPECT_EQ(value(text, R"(lastbyte_sessions_ended_total{forwarding="web",member="other",ending="complete"})"), "8");
}

TEST(Metrics, buckets_of_a_histogram_are_cumulative_and_end_with_all) {
  const std::string text = metrics_text(snapshot());
  // 1.204512 s, twice.
  EXPECT_EQ(value(text, R"(lastbyte_session_duration_seconds_bucket{forwarding="web",le="1"})"), "0");
  EXPECT_EQ(value(text, R"(lastbyte_session_duration_seconds_bucket{forwarding="web",le="5"})"), "2");
  EXPECT_EQ(value(text, R"(lastbyte_session_duration_seconds_bucket{forwarding="web",le="+Inf"})"), "2");
  EXPECT_EQ(value(text, R"(lastbyte_session_duration_seconds_count{forwarding="web"})"), "2");
  EXPECT_EQ(value(text, R"(lastbyte_session_duration_seconds_sum{forwarding="web"})"), "2.409024");
}

TEST(Metrics, each_series_is_there_once_and_each_family_is_described) {
  const auto all = families(snapshot());
  const auto described = described_metrics();
  ASSERT_EQ(all.size(), described.size());
  std::set<std::string> names;
  for (std::size_t index = 0; index < all.size(); ++index) {
    EXPECT_EQ(all[index].name, described[index].name);
    EXPECT_TRUE(names.insert(all[index].name).second) << all[index].name;
    EXPECT_FALSE(all[index].metric.empty()) << all[index].name << " has no series here";
    std::set<std::vector<std::pair<std::string, std::string>>> series;
    for (const auto& metric : all[index].metric) {
      std::vector<std::pair<std::string, std::string>> labels;
      for (const auto& label : metric.label) labels.emplace_back(label.name, label.value);
      EXPECT_TRUE(series.insert(labels).second) << all[index].name;
    }
  }
}

std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.replace(at, 1, "\\|");
  return text;
}

std::string table() {
  std::string out = "| metric | type | labels | meaning |\n|---|---|---|---|\n";
  for (const MetricDescription& each : described_metrics())
    out += "| `" + each.name + "` | " + each.type + " | " + each.labels + " | " + cell(each.help) + " |\n";
  return out;
}

TEST(Metrics, the_document_is_what_the_tables_say) {
  const std::string path = LASTBYTE_DOCS "/metrics.md";
  std::ostringstream read;
  read << std::ifstream(path).rdbuf();
  std::string text = read.str();
  const std::string begin = "<!-- metrics -->\n";
  const std::size_t from = text.find(begin);
  const std::size_t to = text.find("<!-- end of metrics -->");
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  const std::string before = text;
  text.replace(from + begin.size(), to - from - begin.size(), table());
  if (std::getenv("LASTBYTE_UPDATE_DOCS") != nullptr) {
    std::ofstream(path) << text;
    return;
  }
  EXPECT_EQ(before, text) << "stale: run this test with LASTBYTE_UPDATE_DOCS=1";
}

}  // namespace
}  // namespace lastbyte::observe
