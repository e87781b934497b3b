// Runs `lastbyte heartbeat serve` and `probe` against each other.
#include <regex>

#include "tests/cli/program.h"

namespace lastbyte::cli {
namespace {

class HeartbeatCommand : public Program {
 protected:
  /// Runs `script` while `heartbeat serve OPTIONS` serves at $AT; its pid is $SERVER. Returns the script's standard
  /// output.
  std::string while_served(const std::string& options, const std::string& script) {
    const std::string served = path("served");
    const std::string text = LASTBYTE_PROGRAM " heartbeat serve " + options + " >" + served + " 2>" + path("told") +
                             " &\nSERVER=$!\nwhile kill -0 $SERVER 2>/dev/null && ! grep -qs listening " + served +
                             "; do sleep 0.01; done\nAT=$(sed 's/listening on //' " + served + ")\n" + script +
                             "\nkill $SERVER; wait $SERVER; echo served $?\n";
    std::system(("timeout 60 bash " + write("script", text) + " >" + path("script.out") + " 2>&1").c_str());
    std::ostringstream out;
    out << std::ifstream(path("script.out")).rdbuf();
    return out.str();
  }
  static std::string probe(const std::string& options) { return LASTBYTE_PROGRAM " heartbeat probe " + options; }
};

// The intervals are too long for load on this machine to look like silence. Each end answers the first frame at once.

TEST_F(HeartbeatCommand, probe_tells_round_trip_load_and_draining) {
  const std::string told = while_served("tcp:127.0.0.1:0 --interval 20s --load 30 --draining",
                                        probe("$AT --interval 20s --count 1; echo $?"));
  EXPECT_TRUE(std::regex_match(
      told, std::regex("tcp:127\\.0\\.0\\.1:\\d+: round trip \\d+\\.\\d{3} ms, load 30 %, draining\n0\nserved 0\n")))
      << told;
}

TEST_F(HeartbeatCommand, sigusr1_begins_to_drain_and_sigusr2_ends_it) {
  const std::string told = while_served(
      "unix:" + path("socket") + " --interval 20s --load 1",
      probe("$AT --interval 20s --count 3 >") + path("heard") + " & PROBE=$!\n" + "until grep -qs load " +
          path("heard") + "; do sleep 0.01; done\nkill -USR1 $SERVER\n" + "until grep -q draining " + path("heard") +
          "; do sleep 0.01; done\nkill -USR2 $SERVER\nwait $PROBE\n" + "grep -o 'load.*' " + path("heard"));
  EXPECT_EQ(told, "load 1 %\nload 1 %, draining\nload 1 %\nserved 0\n");
}

TEST_F(HeartbeatCommand, probe_fails_where_nobody_answers) {
  const Result refused = run("heartbeat probe unix:" + path("nobody"));
  EXPECT_EQ(refused.status, kExitFailed);
  EXPECT_EQ(refused.err,
            "lastbyte heartbeat: connect unix:" + path("nobody") + ": No such file or directory (ENOENT)\n");
  const std::string silent =
      while_served("tcp:127.0.0.1:0 --interval 20ms",
                   "kill -STOP $SERVER\n" + probe("$AT --interval 20ms") + "; echo $?\nkill -CONT $SERVER");
  EXPECT_TRUE(std::regex_match(silent, std::regex("lastbyte heartbeat: tcp:127\\.0\\.0\\.1:\\d+: no frame came for one "
                                                  "and a half intervals\n1\nserved 0\n")))
      << silent;
}

TEST_F(HeartbeatCommand, wrong_usage_is_one_line) {
  expect_usage_error("heartbeat", "lastbyte heartbeat: expected serve or probe (see lastbyte heartbeat --help)\n");
  expect_usage_error("heartbeat watch",
                     "lastbyte heartbeat: 'watch': expected serve or probe (see lastbyte heartbeat --help)\n");
  expect_usage_error("heartbeat probe udp:127.0.0.1:1",
                     "lastbyte heartbeat: endpoint 'udp:127.0.0.1:1': expected tcp with one port, or unix (see "
                     "lastbyte heartbeat --help)\n");
  expect_usage_error(
      "heartbeat probe tcp:127.0.0.1:1 --interval 2h",
      "lastbyte heartbeat: --interval: '2h': out of range; expected 1ms to 1h (see lastbyte heartbeat --help)\n");
  expect_usage_error("heartbeat probe tcp:127.0.0.1:1 --load 5",
                     "lastbyte heartbeat: --load has no meaning for probe (see lastbyte heartbeat --help)\n");
}

}  // namespace
}  // namespace lastbyte::cli
