// Reports for people and for programs.
#include "check/report/report.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <nlohmann/json.hpp>

namespace lastbyte::check {
namespace {

Report report() {
  Report out{.target = "a <proxy>", .version = "1 | 2", .when = "2026-01-02T03:04:05Z", .kernel = "Linux"};
  Outcome passed{.scenario = find_scenario("half-close-client"), .verdict = Verdict::pass, .rounds = 1, .passed = 1};
  Outcome failed{.scenario = find_scenario("pipelined-rq12"),
                 .verdict = Verdict::fail,
                 .reason = "client 2: received 0 of 8192 bytes",
                 .complaints = {"client 2: received 0 of 8192 bytes"},
                 .rounds = 20,
                 .passed = 12};
  failed.reference = {.measured = true, .held = true};
  Observed client;
  client.connected = true;
  client.error = ECONNRESET;
  failed.result.clients = {client};
  failed.result.output = "it said \xff & \"more\"\n";
  const Outcome skipped{
      .scenario = find_scenario("idle"), .verdict = Verdict::skip, .reason = "takes minutes: use --slow"};
  out.outcomes = {passed, failed, skipped};
  return out;
}

TEST(Report, the_table_tells_verdict_rounds_and_what_a_user_notices) {
  const std::string row = table_row(report().outcomes[1], false);
  EXPECT_NE(row.find("FAIL  12 of 20"), std::string::npos) << row;
  EXPECT_NE(row.find("- client 2: received 0 of 8192 bytes"), std::string::npos) << row;
  EXPECT_NE(row.find("no log explains the error"), std::string::npos) << row;
}

TEST(Report, the_table_ends_with_the_names_of_what_has_failed) {
  Report all = report();
  all.outcomes.push_back(all.outcomes[1]);
  all.outcomes.back().variant = find_variant("unix");
  all.outcomes.back().rounds = 1;
  EXPECT_EQ(table_end(all),
            "a <proxy>: 1 passed, 2 failed, 1 skipped, in 0 s\n"
            "failed:\n"
            "  pipelined-rq12 (12 of 20 rounds passed): client 2: received 0 of 8192 bytes\n"
            "  pipelined-rq12@unix: client 2: received 0 of 8192 bytes\n");
  all.outcomes.resize(1);
  EXPECT_EQ(table_end(all), "a <proxy>: 1 passed, 0 failed, 0 skipped, in 0 s\n");
}

TEST(Report, the_evidence_of_a_stop_tells_by_signal) {
  Outcome stopped{.scenario = find_scenario("graceful-stop"), .stop_signal = SIGUSR1};
  EXPECT_EQ(evidence_text(stopped), "proxy: asked to stop by SIGUSR1\n");
  stopped.scenario = find_scenario("idle");
  EXPECT_EQ(evidence_text(stopped), "");
}

TEST(Report, references_are_a_report_of_their_own) {
  const Report plain = report().of_references();
  EXPECT_EQ(plain.target, "no proxy");
  ASSERT_EQ(plain.outcomes.size(), 3U);
  EXPECT_EQ(plain.outcomes[0].verdict, Verdict::skip);  // not measured
  EXPECT_EQ(plain.outcomes[1].verdict, Verdict::pass);
  EXPECT_EQ(plain.outcomes[1].scenario, find_scenario("pipelined-rq12"));
  EXPECT_EQ(plain.outcomes[1].rounds, 1U);
}

TEST(Report, json_tells_how_the_proxy_was_started) {
  Report one = report();
  const auto bare = nlohmann::json::parse(json({one})).at("targets").at(0);
  EXPECT_FALSE(bare.contains("command") || bare.contains("configuration") || bare.contains("stop_signal"));
  one.form = {{"p", "-f", "{config}"}, "bind {listen}"};
  one.stop_signal = SIGQUIT;
  one.outcomes[1].result.form = {{"p", "-f", "/tmp/x/config"}, "bind 127.0.0.1:80"};
  const auto document = nlohmann::json::parse(json({one}));
  EXPECT_FALSE(document.at("checker_version").get<std::string>().empty());
  const auto& target = document.at("targets").at(0);
  EXPECT_EQ(target.at("version"), "1 | 2");
  EXPECT_EQ(target.at("command"), (std::vector<std::string>{"p", "-f", "{config}"}));
  EXPECT_EQ(target.at("configuration"), "bind {listen}");
  EXPECT_EQ(target.at("stop_signal"), "SIGQUIT");
  const auto& proxy = target.at("results").at(1).at("evidence").at("proxy");
  EXPECT_EQ(proxy.at("command").at(2), "/tmp/x/config");
  EXPECT_EQ(proxy.at("configuration"), "bind 127.0.0.1:80");
}

TEST(Report, json_holds_verdicts_and_evidence) {
  const auto read = nlohmann::json::parse(json({report()}));
  const auto& target = read.at("targets").at(0);
  EXPECT_EQ(target.at("failed"), 1);
  const auto& results = target.at("results");
  EXPECT_EQ(results.at(0).at("verdict"), "pass");
  EXPECT_EQ(results.at(1).at("rounds_passed"), 12);
  EXPECT_EQ(results.at(1).at("evidence").at("client").at(0).at("error"), "ECONNRESET");
  EXPECT_TRUE(results.at(1).at("plain_tcp").at("held"));
  EXPECT_EQ(results.at(2).at("verdict"), "skip");
  EXPECT_EQ(results.at(2).at("reason"), "takes minutes: use --slow");
}

TEST(Report, junit_counts_and_escapes) {
  const std::string xml = junit({report()});
  EXPECT_NE(xml.find("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""), std::string::npos) << xml;
  EXPECT_NE(xml.find("classname=\"a &lt;proxy&gt;.T5\" name=\"pipelined-rq12\""), std::string::npos) << xml;
  EXPECT_NE(xml.find("it said ? &amp; &quot;more&quot;"), std::string::npos) << xml;
  EXPECT_NE(xml.find("<skipped message=\"takes minutes: use --slow\"/>"), std::string::npos) << xml;
}

TEST(Report, the_matrix_shows_what_was_graded) {
  const std::string markdown = matrix_markdown({report()});
  EXPECT_NE(markdown.find("| T5 | [pipelined-rq12](check.md#pipelined-rq12) | **12/20** |"), std::string::npos)
      << markdown;
  EXPECT_EQ(markdown.find("[idle]"), std::string::npos) << "nobody was graded by it";
  EXPECT_NE(matrix_text({report()}).find("1/2"), std::string::npos);
  const std::string html = matrix_html({report()});
  EXPECT_NE(html.find("a &lt;proxy&gt;"), std::string::npos);
  EXPECT_EQ(html.find("http"), std::string::npos) << "the page must stand by itself";
}

}  // namespace
}  // namespace lastbyte::check
