// Tests the program as a user runs it: its output and exit status.
#include "tests/cli/program.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "cli/subcommands.h"

namespace lastbyte::cli {
namespace {

constexpr const char* kRightYaml =
    "workers: 2\nforwardings:\n  - listen: tcp:127.0.0.1:0\n    connect: tcp:127.0.0.1:9\n";

TEST_F(Program, version_is_that_of_the_build) {
  const Result result = run("--version");
  EXPECT_EQ(result.status, kExitOk);
  EXPECT_EQ(result.out, "lastbyte " LASTBYTE_VERSION "\n");
  EXPECT_EQ(result.err, "");
}

TEST_F(Program, help_lists_the_commands) {
  const Result result = run("--help");
  EXPECT_EQ(result.status, kExitOk);
  EXPECT_EQ(result.err, "");
  EXPECT_NE(result.out.find("Usage: lastbyte COMMAND"), std::string::npos) << result.out;
  for (const Command& command : {proxy_command(), import_command(), demo_command(), completion_command({})}) {
    EXPECT_NE(result.out.find("\n  " + command.name + " "), std::string::npos) << result.out;
  }
  expect_80_columns(result.out);
}

TEST_F(Program, help_of_a_command_lists_each_of_its_flags_in_80_columns) {
  for (const Command& command : {proxy_command(), import_command(), demo_command(), completion_command({})}) {
    const Result result = run(command.name + " --help");
    EXPECT_EQ(result.status, kExitOk);
    EXPECT_EQ(result.err, "");
    for (const Option& option : command.options) {
      const std::string line =
          "\n  --" + option.flag + (option.placeholder.empty() ? "" : " " + option.placeholder) + "\n";
      EXPECT_NE(result.out.find(line), std::string::npos) << option.flag << " in " << result.out;
      EXPECT_NE(result.out.find("\n" + option.group + ":\n"), std::string::npos) << option.group;
    }
    expect_80_columns(result.out);
  }
}

TEST_F(Program, help_tells_units_and_defaults) {
  const std::string help = run("proxy --help").out;
  EXPECT_NE(help.find("Lingering ends after this idle time. Expects 1ms to 365d. Default: 5s."), std::string::npos)
      << help;
}

TEST_F(Program, wrong_usage_is_one_line_and_status_2) {
  const std::string more = " (see lastbyte proxy --help)\n";
  std::string expected;
  for (const Command& each : all_commands()) expected += (expected.empty() ? "" : ", ") + each.name;
  expected = "expected one of " + expected + " (see lastbyte --help)\n";
  expect_usage_error("", "lastbyte: a command is missing; " + expected);
  expect_usage_error("prxy", "lastbyte: unknown command prxy; did you mean proxy?; " + expected);
  expect_usage_error("--verbose", "lastbyte: unknown flag --verbose; " + expected);
  expect_usage_error("proxy",
                     "lastbyte proxy: nothing to forward; expected LISTEN and CONNECT, --listen and --connect, or "
                     "--config" +
                         more);
  expect_usage_error("proxy --lisen tcp::1", "lastbyte proxy: unknown flag --lisen; did you mean --listen?" + more);
  expect_usage_error("proxy --lisen=tcp::1", "lastbyte proxy: unknown flag --lisen; did you mean --listen?" + more);
  expect_usage_error("proxy --quux", "lastbyte proxy: unknown flag --quux" + more);
  expect_usage_error("proxy tcp::1", "lastbyte proxy: 'tcp::1' stands alone; expected LISTEN and CONNECT" + more);
  expect_usage_error("proxy 1 2 3", "lastbyte proxy: unexpected '3'" + more);
  expect_usage_error("proxy --idle 5s", "lastbyte proxy: unknown flag --idle; did you mean --limits-idle?" + more);
  expect_usage_error("proxy 80 tcp:h:2 --listen tcp::1",
                     "lastbyte proxy: --listen: given twice, as '80' and 'tcp::1'; expected once\n");
  expect_usage_error("proxy --listen", "lastbyte proxy: --listen: the value is missing; expected ENDPOINT" + more);
  expect_usage_error("proxy --listen --connect tcp:h:1",
                     "lastbyte proxy: --listen: the value is missing; expected ENDPOINT" + more);
  expect_usage_error("proxy --check-config=5", "lastbyte proxy: --check-config: takes no value" + more);
  expect_usage_error("proxy --config a --config b", "lastbyte proxy: --config: given twice; expected once" + more);
  expect_usage_error("proxy --check-config --print-config",
                     "lastbyte proxy: --check-config and --print-config exclude each other; both check" + more);
  expect_usage_error("demo --port 70000",
                     "lastbyte demo: --port: '70000': expected 0 to 65535 (see lastbyte demo --help)\n");
}

TEST_F(Program, lab_reads_its_trials_or_says_what_it_expects) {
  const std::string more = " (see lastbyte lab --help)\n";
  for (const char* wrong : {"99", "1000001", "-1", "1e4"})
    expect_usage_error("lab run resilience --requests='" + std::string(wrong) + "'",
                       "lastbyte lab: --requests: '" + std::string(wrong) + "': expected 100 to 1000000" + more);
  for (const char* wrong : {"0", "0.05", "51", "nan", "3,2", "3%"})
    expect_usage_error("lab run resilience --rate='" + std::string(wrong) + "'",
                       "lastbyte lab: --rate: '" + std::string(wrong) + "': expected 0.1 to 50, in percent" + more);
  expect_usage_error("lab run resilience --seed=x", "lastbyte lab: --seed: 'x': expected a whole number from 0" + more);
  expect_usage_error("lab run", "lastbyte lab: run: expected names of experiments, or --all" + more);
}

TEST_F(Program, wrong_flags_of_settings_are_told_all_and_status_2) {
  expect_usage_error("proxy --listen tcp::80",
                     "lastbyte proxy: --connect: missing; expected tcp:HOST:PORTS, tcp:[V6]:PORTS, the same with udp, "
                     "unix:/PATH, unix:@NAME or group:NAME\n");
  expect_usage_error(
      "proxy --listen tcp::70000 --connect tcp:127.0.0.1:9 --linger-time 5",
      "lastbyte proxy: --listen: 'tcp::70000': the port is '70000'; expected 0 to 65535\n"
      "lastbyte proxy: --linger-time: '5': has no unit; expected a duration such as 500ms, 5s, 2m, 1h or "
      "1d\n");
  expect_usage_error("proxy --listen tcp::1 --connect tcp:127.0.0.1:9 --listen tcp::2",
                     "lastbyte proxy: --listen: given twice, as 'tcp::1' and 'tcp::2'; expected once\n");
}

TEST_F(Program, check_config_says_ok) {
  const std::string file = write("f.yaml", kRightYaml);
  Result result = run("proxy --check-config --config " + file);
  EXPECT_EQ(result.status, kExitOk) << result.err;
  EXPECT_EQ(result.out, "ok: 1 forwarding\n");
  EXPECT_EQ(result.err, "");
  result = run("proxy --check-config --listen tcp::1 --connect tcp:h:9 --upstream-sources [::1]:0,10.0.0.1");
  EXPECT_EQ(result.status, kExitOk) << result.err;
}

TEST_F(Program, check_config_and_a_start_warn_of_headers_from_anybody) {
  const std::string file = write("f.yaml",
                                 "forwardings:\n  - listen: tcp:192.0.2.1:0\n    connect: tcp:127.0.0.1:9\n"
                                 "    client: {allow: 10.0.0.0/8, proxy-protocol: required}\n");
  const std::string warning = " warning: " + file + ":4:49: client.proxy-protocol: 'required': any client";
  const Result check = run("proxy --check-config --config " + file);
  EXPECT_EQ(check.status, kExitOk);
  EXPECT_EQ(check.out, "ok: 1 forwarding\n");
  EXPECT_TRUE(check.err.starts_with("lastbyte proxy:" + warning)) << check.err;
  // No machine has an address of 192.0.2.0/24 (RFC 5737), so the start fails by itself.
  const Result start = run("proxy --config " + file);
  EXPECT_EQ(start.status, kExitFailed);
  // A message with its time, in the format of log.format.
  EXPECT_EQ(start.err.find(warning), std::string_view("2026-03-04T05:06:07.089Z").size()) << start.err;
}

TEST_F(Program, check_config_tells_every_problem_and_status_2) {
  const std::string file = write("f.yaml", "drain: 5\nforwardings:\n  - listen: tcp::99999\n    conect: tcp:h:1\n");
  const std::string problems =
      "lastbyte proxy: " + file +
      ":1:8: drain: '5': has no unit; expected a duration such as 500ms, 5s, 2m, 1h or 1d\n" +
      "lastbyte proxy: " + file + ":3:13: listen: 'tcp::99999': the port is '99999'; expected 0 to 65535\n" +
      "lastbyte proxy: " + file + ":4:5: unknown key 'conect' in a forwarding; did you mean 'connect'?\n";
  expect_usage_error("proxy --check-config --config " + file, problems);
  // Without the check, the errors are the same, and nothing starts.
  expect_usage_error("proxy --config " + file, problems);
}

TEST_F(Program, the_short_form_is_listen_and_connect) {
  const Result result = run("proxy --print-config 8080 10.0.0.6:80 --workers 1");
  EXPECT_EQ(result.status, kExitOk) << result.err;
  EXPECT_NE(result.out.find("listen: tcp:127.0.0.1:8080\n"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("connect: tcp:10.0.0.6:80\n"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("workers: 1\n"), std::string::npos) << result.out;
}

TEST_F(Program, help_is_a_command_too) {
  EXPECT_EQ(run("help").out, run("--help").out);
  EXPECT_EQ(run("help proxy").out, run("proxy --help").out);
  EXPECT_EQ(run("help sock").out, run("sock --help").out);
  EXPECT_EQ(run("help demo").status, kExitOk);
}

TEST_F(Program, a_dash_reads_the_file_from_standard_input) {
  const Result good = run("proxy --check-config --config -", write("f.yaml", kRightYaml));
  EXPECT_EQ(good.status, kExitOk) << good.err;
  EXPECT_EQ(good.out, "ok: 1 forwarding\n");
  const std::string wrong = "drain: x\n" + std::string(kRightYaml);
  const Result bad = run("proxy --check-config --config -", write("g.yaml", wrong));
  EXPECT_EQ(bad.status, kExitUsage);
  EXPECT_TRUE(bad.err.starts_with("lastbyte proxy: standard input:1:8: drain: 'x'")) << bad.err;
}

TEST_F(Program, a_file_that_is_not_there_is_status_2) {
  const std::string file = path("none.yaml");
  expect_usage_error("proxy --config " + file,
                     "lastbyte proxy: --config: open " + file + ": No such file or directory (ENOENT)\n");
}

TEST_F(Program, flags_of_a_forwarding_beside_a_file_are_status_2) {
  const std::string file = write("f.yaml", kRightYaml);
  expect_usage_error(
      "proxy --check-config --config " + file + " --listen tcp::1",
      "lastbyte proxy: --listen: sets a forwarding, and the forwardings come from " + file + "; set 'listen' there\n");
}

TEST_F(Program, print_config_prints_what_it_reads_again) {
  const std::string file = write("f.yaml", kRightYaml);
  const Result first = run("proxy --print-config --config " + file + " --workers 3 --drain 1s");
  EXPECT_EQ(first.status, kExitOk) << first.err;
  EXPECT_EQ(first.err, "");
  EXPECT_NE(first.out.find("workers: 3\n"), std::string::npos) << first.out;
  EXPECT_NE(first.out.find("drain: 1s\n"), std::string::npos) << first.out;
  const Result second = run("proxy --print-config --config " + write("printed.yaml", first.out));
  EXPECT_EQ(second.status, kExitOk) << second.err;
  EXPECT_EQ(second.out, first.out);
}

TEST_F(Program, output_that_cannot_be_written_is_status_1_and_said) {
  const std::string file = write("f.yaml", kRightYaml);
  for (const std::string& arguments :
       {std::string("--help"), std::string("--version"), std::string("help proxy"), std::string("lab list"),
        std::string("check --list"), std::string("completion bash"), "proxy --print-config --config " + file,
        "proxy --check-config --config " + file}) {
    const Result result = run(arguments, "/dev/null", "/dev/full");
    EXPECT_EQ(result.status, kExitFailed) << arguments;
    EXPECT_TRUE(result.err.starts_with("lastbyte: write to standard output: ")) << arguments << ": " << result.err;
    EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
  }
}

TEST_F(Program, a_reader_that_has_left_gets_no_message) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::close(ends[0]);
  const auto before = ::signal(SIGPIPE, SIG_IGN);  // the program inherits this and sees EPIPE
  const Result result = run("lab list", "/dev/null", "&" + std::to_string(ends[1]));
  ::signal(SIGPIPE, before);
  ::close(ends[1]);
  EXPECT_EQ(result.status, kExitFailed);
  EXPECT_EQ(result.err, "");
}

TEST_F(Program, what_cannot_be_had_at_start_is_status_1) {
  // 192.0.2.0/24 is for documentation (RFC 5737): no machine has an address of it.
  const Result result = run("proxy --listen tcp:192.0.2.1:0 --connect tcp:127.0.0.1:9 --workers 1");
  EXPECT_EQ(result.status, kExitFailed) << result.out << result.err;
  EXPECT_NE(result.err.find("192.0.2.1"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace lastbyte::cli
