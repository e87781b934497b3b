// Runs `lastbyte import lxd` as a user does: LXD's devices in, a configuration for `lastbyte proxy` out.
#include <regex>

#include "tests/cli/program.h"

namespace lastbyte::cli {
namespace {

constexpr const char* kDevices =
    "web:\n  type: proxy\n  listen: tcp:0.0.0.0:8080\n  connect: tcp:127.0.0.1:80\n  proxy_protocol: \"true\"\n"
    "x11:\n  type: proxy\n  bind: instance\n  listen: unix:@/tmp/.X11-unix/X0\n  connect: unix:@/tmp/.X11-unix/X0\n"
    "  security.uid: \"1000\"\n  security.gid: \"1000\"\n"
    "game:\n  type: proxy\n  listen: udp:127.0.0.1:7000-7010\n  connect: udp:127.0.0.1:7000-7010\n"
    "app:\n  type: proxy\n  listen: unix:/run/app.sock\n  connect: tcp:127.0.0.1:9000\n  mode: \"0660\"\n  uid: \"7\"\n"
    "root:\n  type: disk\n  path: /\n";

using Import = Program;

TEST_F(Import, what_it_prints_is_a_configuration_and_its_notes_have_their_places) {
  const std::string devices = write("devices.yaml", kDevices);
  const Result made = run("import lxd --pid 4711 " + devices);
  EXPECT_EQ(made.status, kExitOk) << made.err;
  EXPECT_NE(made.err.find("lastbyte import: note: " + devices + ": 'web': LXD listens on IPv4 and IPv6"),
            std::string::npos)
      << made.err;
  for (const std::string line :
       {"user: 1000", "group: 1000", "    listen: tcp::8080", "      netns: pid:4711", "      proxy-protocol: v1",
        "    connect: udp:127.0.0.1:7000-7010", "      unix-mode: 0660", "      unix-uid: 7"}) {
    EXPECT_NE(made.out.find("\n" + line + "\n"), std::string::npos) << line << " in\n" << made.out;
  }
  const Result checked = run("proxy --check-config --config " + write("made.yaml", made.out));
  EXPECT_EQ(checked.status, kExitOk) << checked.err;
  EXPECT_EQ(checked.out, "ok: 4 forwardings\n");
}

TEST_F(Import, reads_standard_input_and_takes_incus_for_the_same) {
  const std::string devices = write("devices.yaml", kDevices);
  const Result lxd = run("import lxd --pid 5", devices);
  EXPECT_EQ(lxd.status, kExitOk) << lxd.err;
  EXPECT_NE(lxd.err.find("lastbyte import: note: stdin: "), std::string::npos) << lxd.err;
  EXPECT_EQ(run("import incus --pid 5", devices).out, lxd.out);
  EXPECT_EQ(run("import lxd --pid 5 -", devices).out, lxd.out);
}

TEST_F(Import, without_a_process_a_word_is_left_to_fill_in) {
  const Result made = run("import lxd", write("devices.yaml", kDevices));
  EXPECT_EQ(made.status, kExitOk) << made.err;
  EXPECT_NE(made.out.find("      netns: pid:PID\n"), std::string::npos) << made.out;
  const Result checked = run("proxy --check-config --config " + write("made.yaml", made.out));
  EXPECT_EQ(checked.status, kExitUsage);
  EXPECT_NE(checked.err.find("'pid:PID': expected pid:NUMBER"), std::string::npos) << checked.err;
  const std::string filled = std::regex_replace(made.out, std::regex("pid:PID"), "pid:1");
  EXPECT_EQ(run("proxy --check-config --config " + write("made.yaml", filled)).status, kExitOk);
}

TEST_F(Import, what_cannot_be_taken_over_is_told_and_status_2_and_the_rest_is_printed) {
  const Result made =
      run("import lxd --pid 1", write("devices.yaml",
                                      "bad: {type: proxy, listen: 'tcp:127.0.0.1:65536', connect: 'tcp:127.0.0.1:1'}\n"
                                      "good: {type: proxy, listen: 'tcp:127.0.0.1:2', connect: 'tcp:127.0.0.1:1'}\n"));
  EXPECT_EQ(made.status, kExitUsage);
  EXPECT_NE(made.err.find("lastbyte import: stdin:1:28: 'bad': listen: 'tcp:127.0.0.1:65536': the port is '65536'"),
            std::string::npos)
      << made.err;
  EXPECT_NE(made.out.find("  - name: good\n"), std::string::npos) << made.out;
  EXPECT_EQ(made.out.find("  - name: bad\n"), std::string::npos) << made.out;
}

// LXD starts one process per device, so there only the second of these would fail, at its start.
TEST_F(Import, devices_that_are_right_alone_and_wrong_together_are_told) {
  const std::string both =
      "a: {type: proxy, listen: 'tcp:127.0.0.1:2', connect: 'tcp:127.0.0.1:1'}\n"
      "b: {type: proxy, listen: 'tcp:127.0.0.1:2', connect: 'tcp:127.0.0.1:3'}\n";
  for (const std::string arguments : {"import lxd --pid 1", "import lxd"}) {
    const Result made = run(arguments, write("devices.yaml", both));
    EXPECT_EQ(made.status, kExitUsage);
    EXPECT_NE(made.err.find("lastbyte import: stdout:11:13: listen: 'tcp:127.0.0.1:2': conflicts with the listener "
                            "'tcp:127.0.0.1:2' (stdout:6:13)"),
              std::string::npos)
        << made.err;
  }
}

TEST_F(Import, other_texts_and_files_are_status_2) {
  const std::string none =
      "lastbyte import: stdin: no device of type proxy; those of profiles are in `lxc config show INSTANCE "
      "--expanded`\n";
  Result result = run("import lxd", write("devices.yaml", "root: {type: disk, path: /}\n"));
  EXPECT_EQ(result.status, kExitUsage);
  EXPECT_NE(result.err.find(none), std::string::npos) << result.err;
  EXPECT_EQ(result.out, "");
  result = run("import lxd " + path("none.yaml"));
  EXPECT_EQ(result.status, kExitUsage);
  EXPECT_EQ(result.err, "lastbyte import: open " + path("none.yaml") + ": No such file or directory (ENOENT)\n");
}

TEST_F(Import, wrong_usage_is_one_line_and_status_2) {
  const std::string more = " (see lastbyte import --help)\n";
  expect_usage_error("import", "lastbyte import: the program is missing; expected lxd or incus" + more);
  expect_usage_error("import docker", "lastbyte import: 'docker': expected lxd or incus" + more);
  expect_usage_error("import lxd a b", "lastbyte import: unexpected 'b'" + more);
  expect_usage_error("import lxd --pdi 1", "lastbyte import: unknown flag --pdi; did you mean --pid?" + more);
  expect_usage_error("import lxd --pid", "lastbyte import: --pid: the value is missing; expected PID" + more);
  expect_usage_error("import lxd --pid 0",
                     "lastbyte import: --pid: '0': out of range; expected 1 to 2147483647" + more);
  expect_usage_error("import lxd --pid x",
                     "lastbyte import: --pid: 'x': not a whole number; expected 1 to 2147483647" + more);
  expect_usage_error("import lxd --pid 1 --pid 2", "lastbyte import: --pid: given twice; expected once" + more);
}

}  // namespace
}  // namespace lastbyte::cli
