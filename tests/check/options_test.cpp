// The command line, and commands with placeholders.
#include <gtest/gtest.h>

#include "check/check.h"
#include "check/scenarios/variant.h"
#include "check/target/target.h"

namespace lastbyte::check {
namespace {

Result<Options> parsed(const std::vector<std::string>& arguments) { return parse(arguments); }
std::string wrong(const std::vector<std::string>& arguments) {
  const auto options = parse(arguments);
  return options ? "" : options.error().text();
}

TEST(Options, name_what_is_graded) {
  EXPECT_EQ(parsed({"--self"})->mode, Mode::self);
  EXPECT_EQ(parsed({"--plain"})->mode, Mode::plain);
  EXPECT_EQ(parsed({"--list"})->mode, Mode::list);
  EXPECT_EQ(parsed({"--peer", "haproxy,socat"})->peers, (std::vector<std::string>{"haproxy", "socat"}));
  const auto command = parsed({"--command", "p {listen} {upstream}", "--stop-signal=SIGQUIT"});
  EXPECT_EQ(command->mode, Mode::command);
  EXPECT_EQ(command->stop_signal, SIGQUIT);
  EXPECT_EQ(parsed({"--command", "p {listen} {upstream}"})->stop_signal, 0);
  const auto running = parsed({"--proxy", "127.0.0.1:80", "--upstream-listen", "[::1]:81", "--pid", "7"});
  EXPECT_EQ(running->proxy.text(), "127.0.0.1:80");
  EXPECT_EQ(running->upstream.text(), "[::1]:81");
  EXPECT_EQ(running->pid, 7);
}

TEST(Options, choose_variants) {
  EXPECT_TRUE(parsed({"--self"})->variants.empty());
  EXPECT_EQ(parsed({"--self", "--variant", "unix,proxy-v1"})->variants, (std::vector<std::string>{"unix", "proxy-v1"}));
  EXPECT_EQ(parsed({"--self", "--variant", "all"})->variants.size(), variants().size());
  EXPECT_NE(wrong({"--self", "--variant", "quic"}).find("no variant 'quic'; expected all, or some of tcp, unix"),
            std::string::npos);
}

TEST(Options, of_a_running_proxy_the_addresses_tell_the_variant) {
  const auto variants_of = [](const char* proxy, const char* upstream) {
    return parsed({"--proxy", proxy, "--upstream-listen", upstream})->variants;
  };
  EXPECT_EQ(variants_of("127.0.0.1:1", "127.0.0.1:2"), std::vector<std::string>{"tcp"});
  EXPECT_EQ(variants_of("unix:/x", "127.0.0.1:2"), std::vector<std::string>{"unix-to-tcp"});
  EXPECT_EQ(variants_of("127.0.0.1:1", "unix:/y"), std::vector<std::string>{"tcp-to-unix"});
  EXPECT_EQ(variants_of("unix:/x", "unix:/y"), std::vector<std::string>{"unix"});
  EXPECT_EQ(parsed({"--proxy", "unix:/x", "--upstream-listen", "unix:/y"})->proxy.unix_name(), "/x");
  EXPECT_EQ(
      parsed({"--proxy", "127.0.0.1:1", "--upstream-listen", "127.0.0.1:2", "--variant", "send-proxy-v1"})->variants,
      std::vector<std::string>{"send-proxy-v1"});
  EXPECT_NE(
      wrong({"--proxy", "unix:/x", "--upstream-listen", "127.0.0.1:2", "--variant", "proxy-v1"}).find("--variant"),
      std::string::npos);
  EXPECT_NE(wrong({"--proxy", "unix:"}).find("--proxy 'unix:'"), std::string::npos);
}

TEST(Options, choose_scenarios) {
  const auto options = parsed(
      {"--self", "--only", "T5,half-*", "--only", "refused", "--rounds", "2", "--repeat", "3", "--slow", "--lossy"});
  EXPECT_EQ(options->only, (std::vector<std::string>{"T5", "half-*", "refused"}));
  EXPECT_EQ(options->rounds, 2U);
  EXPECT_EQ(options->repeat, 3U);
  EXPECT_TRUE(options->slow && options->lossy);
  EXPECT_FALSE(options->verbose);
}

TEST(Options, help_wins_over_everything) { EXPECT_EQ(parsed({"--self", "--help"})->mode, Mode::help); }

TEST(Options, errors_name_the_flag_and_what_was_expected) {
  EXPECT_EQ(wrong({"--sefl"}), "'--sefl': no such option; --help lists them");
  EXPECT_EQ(wrong({}), "nothing to grade: expected --self, --command, --proxy, --plain, --peers or --list");
  EXPECT_EQ(wrong({"--self", "--repeat", "0"}), "--repeat '0': expected 1 to 1000000");
  EXPECT_EQ(wrong({"--self", "--repeat"}), "--repeat: expected N");
  EXPECT_EQ(wrong({"--self=1"}), "--self: it takes no value");
  EXPECT_EQ(wrong({"--self", "--only", "halfclose"}),
            "--only 'halfclose': no scenario or clause 'halfclose'; --list lists them");
  EXPECT_NE(wrong({"--self", "--plain"}).find("only one of"), std::string::npos);
  EXPECT_NE(wrong({"--proxy", "127.0.0.1:80"}).find("--upstream-listen"), std::string::npos);
  EXPECT_EQ(wrong({"--self", "--pid", "1"}), "--pid: it is only for --proxy");
  EXPECT_EQ(wrong({"--listen-port", "1", "--peers"}), "--listen-port: it is only for --command");
  EXPECT_EQ(wrong({"--self", "--stop-signal", "TERM"}), "--stop-signal: it is only for --command");
  EXPECT_EQ(wrong({"--list", "--html", "x"}), "--html: it is only for --self, --command, --proxy, --plain, --peers");
  EXPECT_EQ(wrong({"--peers", "--name", "x"}), "--name: it is only for --self, --command, --proxy, --plain");
  EXPECT_NE(wrong({"--command", "p"}).find("it does not say where to listen"), std::string::npos);
  EXPECT_NE(wrong({"--command", "p {config}", "--listen-port", "1"}).find("needs --config"), std::string::npos);
  EXPECT_NE(wrong({"--peer", "nosuch"}).find("expected one of lastbyte, haproxy"), std::string::npos);
  EXPECT_NE(wrong({"--self", "--stop-signal", "KILL"}).find("expected TERM"), std::string::npos);
}

TEST(Usage, names_every_flag_and_fits_a_terminal) {
  const std::string text = usage();
  for (const char* flag : {"--self", "--command", "--proxy", "--upstream-listen", "--junit", "--lossy", "--peers"})
    EXPECT_NE(text.find(flag), std::string::npos) << flag;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    EXPECT_LE(end - begin, 85U) << text.substr(begin, end - begin);
    begin = end + 1;
  }
}

TEST(Target, is_movable_only_with_placeholders_for_both_ends) {
  Target target{.name = "x", .kind = Kind::started, .command = {"p", "{listen}", "{upstream_port}"}};
  EXPECT_FALSE(target.is_movable());
  target.command.back() = "{upstream}";
  EXPECT_TRUE(target.is_movable());
  EXPECT_TRUE(target.starts_anew());
  target.listen_port = 80;
  EXPECT_FALSE(target.starts_anew());
  EXPECT_FALSE(target.is_movable());
}

}  // namespace
}  // namespace lastbyte::check
