// Metrics of the running daemon: they agree with the records, survive reloads, and tell a load balancer of a stop.
#include <gtest/gtest.h>
#include <signal.h>

#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "tests/harness/http.h"
#include "tests/harness/proxy.h"
#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

using test::http;
using test::HttpAnswer;

net::Address metrics_address(Proxy& proxy) {
  static const std::regex line(R"(metrics at ([0-9.]+):([0-9]+))");
  const std::string err = proxy.process().err();
  std::smatch match;
  if (!std::regex_search(err, match, line)) ADD_FAILURE() << err;
  return *net::Address::parse(match[1].str(), static_cast<std::uint16_t>(std::stoi(match[2])));
}

using Series = std::map<std::string, double>;

Series scrape(const net::Address& at) {
  const HttpAnswer answer = http(at, "GET", "/metrics");
  EXPECT_EQ(answer.status, 200);
  Series series;
  std::istringstream lines(answer.body);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.rfind(' ');
    if (!line.empty() && line[0] != '#') series[line.substr(0, space)] = std::stod(line.substr(space + 1));
  }
  return series;
}

double sum(const Series& series, const std::string& family, const std::string& label = "") {
  double sum = 0;
  for (const auto& [name, value] : series)
    if (name.starts_with(family + "{") && name.find(label) != std::string::npos) sum += value;
  return sum;
}

const Flags kMetrics{"--metrics-listen", "tcp:127.0.0.1:0"};

/// Has a whole session through a listener.
void talk(const net::Address& at) {
  Client client(at, script("send 100; shutdown; read; close"));
  client.wait();
}

TEST(Metrics, T11_the_numbers_are_those_of_the_records) {
  Server server = start_server("recv 100; expect fin; send 1000; close", {}, 8);
  Proxy proxy(server.address(), kMetrics);
  const net::Address at = metrics_address(proxy);
  for (int each = 0; each < 8; ++each) talk(proxy.address());
  double received = 0;
  double complete = 0;
  for (const Record& record : proxy.records(8)) {
    received += static_cast<double>(record.client.received + record.upstream.received);
    complete += record.complete ? 1 : 0;
  }
  const Series series = scrape(at);
  EXPECT_EQ(sum(series, "lastbyte_sessions_begun_total"), 8);
  EXPECT_EQ(sum(series, "lastbyte_sessions_ended_total"), 8);
  EXPECT_EQ(sum(series, "lastbyte_sessions_ended_total", R"(ending="complete")"), complete);
  EXPECT_EQ(sum(series, "lastbyte_received_bytes_total"), received);
  EXPECT_EQ(sum(series, "lastbyte_sessions"), 0);
  EXPECT_EQ(sum(series, "lastbyte_session_duration_seconds_count"), 8);
  EXPECT_EQ(sum(series, "lastbyte_first_byte_seconds_count"), 8);
  EXPECT_GT(series.at("process_open_fds"), 0);
}

/// The forwarding gets another name, is removed, and comes back.
TEST(Metrics, counters_never_decrease_over_a_hundred_reloads) {
  Server server = start_server("recv 100; expect fin; send 10; close", {}, 100);
  const std::string address = "'tcp:" + server.address().text() + "'";
  const auto config = [&](const std::string& name) {
    const std::string more = "  " + name + ": {members: [" + address + ", 'tcp:localhost:1']}\n";
    const std::string listen = ", listen: 'tcp:127.0.0.1:0', connect: 'group:";
    return "drain: 1s\nmetrics: {listen: 'tcp:127.0.0.1:0'}\ngroups:\n  everywhere: {members: [" + address + "]}\n" +
           (name.empty() ? "" : more) + "forwardings:\n  - {name: always" + listen + "everywhere'}\n" +
           (name.empty() ? "" : "  - {name: " + name + listen + name + "'}\n");
  };
  Proxy proxy(server.address(), Proxy::Options{.config = config("first")});
  const net::Address at = metrics_address(proxy);
  Series before = scrape(at);
  for (int round = 0; round < 100; ++round) {
    talk(proxy.address());
    const std::string name = round % 3 == 0 ? "" : round % 3 == 1 ? "second" : "first";
    proxy.reload(config(name));
    const Series now = scrape(at);
    for (const auto& [series, value] : before) {
      if (series.find("_total") == std::string::npos && series.find("_bucket") == std::string::npos) continue;
      const auto known = now.find(series);
      ASSERT_NE(known, now.end()) << series << " is gone after reload " << round;
      ASSERT_GE(known->second, value) << series << " decreased at reload " << round;
    }
    before = now;
  }
  EXPECT_EQ(before.at("lastbyte_config_reloads_total"), 100);
  EXPECT_EQ(sum(before, "lastbyte_sessions_begun_total", "always"), 100);
  const std::string member = "group=\"everywhere\",member=\"tcp:" + server.address().text() + "\"";
  EXPECT_EQ(before.at("lastbyte_member_connections_total{" + member + "}"), 100);
  EXPECT_EQ(sum(before, "lastbyte_sessions_ended_total", "member=\"tcp:" + server.address().text() + "\""), 100)
      << "a member is named as its group names it";
  EXPECT_GE(sum(before, "lastbyte_name_lookups_total", "name=\"localhost\""), 1);
}

TEST(Metrics, T15_readiness_fails_for_shutdown_delay_while_clients_are_accepted) {
  Server server = start_server("recv 100; expect fin; send 10; close");
  Proxy proxy(server.address(), {"--metrics-listen", "tcp:127.0.0.1:0", "--shutdown-delay", "1h"});
  const net::Address at = metrics_address(proxy);
  EXPECT_EQ(http(at, "GET", "/readyz").status, 200);
  proxy.process().signal(SIGTERM);
  EXPECT_TRUE(eventually([&] { return http(at, "GET", "/readyz").status == 503; }));
  EXPECT_EQ(http(at, "GET", "/healthz").status, 200) << "a restart would end the sessions";
  talk(proxy.address());
  EXPECT_TRUE(proxy.record().complete) << "a client that comes during the delay is served";
  proxy.process().signal(SIGTERM);
  proxy.expect_end();
}

TEST(Metrics, a_reload_that_fails_is_told) {
  Server server = start_server("recv 100; expect fin; close");
  const std::string good =
      "metrics: {listen: 'tcp:127.0.0.1:0'}\nforwardings: [{listen: 'tcp:127.0.0.1:0', connect: "
      "'tcp:" +
      server.address().text() + "'}]\n";
  Proxy proxy(server.address(), Proxy::Options{.config = good});
  const net::Address at = metrics_address(proxy);
  EXPECT_EQ(scrape(at).at("lastbyte_config_last_reload_successful"), 1);
  proxy.reload("nonsense\n");
  EXPECT_EQ(scrape(at).at("lastbyte_config_last_reload_successful"), 0);
  proxy.reload(good);
  EXPECT_EQ(scrape(at).at("lastbyte_config_last_reload_successful"), 1);
  EXPECT_EQ(scrape(at).at("lastbyte_config_reload_failures_total"), 1);
}

TEST(Metrics, promtool_has_nothing_to_say) {
  const std::string promtool = find_program("promtool");
  if (promtool.empty()) GTEST_SKIP() << "promtool is not installed";
  Server server = start_server("recv 100; expect fin; close");
  Proxy proxy(server.address(), kMetrics);
  talk(proxy.address());
  proxy.record();
  EXPECT_EQ(output_of({.arguments = {promtool, "check", "metrics"},
                       .input = http(metrics_address(proxy), "GET", "/metrics").body}),
            "");
}

/// Returns a port that was just closed.
std::string free_port() {
  Server server = start_server("close");
  return std::to_string(server.address().port());
}

TEST(Metrics, Prometheus_scrapes_and_answers_queries) {
  const std::string program = find_program("prometheus");
  if (program.empty()) GTEST_SKIP() << "Prometheus is not installed";
  Server server = start_server("recv 100; expect fin; send 10; close", {}, 5);
  Proxy proxy(server.address(), kMetrics);
  for (int each = 0; each < 5; ++each) talk(proxy.address());
  proxy.records(5);
  const TemporaryDirectory directory;
  write_file(directory.file("prometheus.yml"),
             "global: {scrape_interval: 100ms, scrape_timeout: 100ms}\nscrape_configs:\n  - job_name: lastbyte\n"
             "    static_configs: [{targets: ['" +
                 metrics_address(proxy).text() + "']}]\n");
  const std::string port = free_port();
  Process prometheus(
      {.arguments = {program, "--config.file=" + directory.file("prometheus.yml"),
                     "--storage.tsdb.path=" + directory.file("data"), "--web.listen-address=127.0.0.1:" + port}});
  const net::Address at = *net::Address::parse("127.0.0.1", static_cast<std::uint16_t>(std::stoi(port)));
  const auto query = [&](const std::string& expression) -> std::string {
    const HttpAnswer answer = http(at, "GET", "/api/v1/query?query=" + expression);
    if (answer.status != 200) return "";
    const auto parsed = nlohmann::json::parse(answer.body.substr(answer.body.find('{')), nullptr, false);
    if (parsed.is_discarded() || parsed["data"]["result"].empty()) return "";
    return parsed["data"]["result"][0]["value"][1];
  };
  EXPECT_TRUE(eventually([&] { return query("sum(lastbyte_sessions_ended_total)") == "5"; })) << prometheus.err();
  EXPECT_EQ(query("sum(lastbyte_received_bytes_total%7Bside=%22client%22%7D)"), "500");
  EXPECT_EQ(query("up"), "1");
}

}  // namespace
}  // namespace lastbyte::system_test
