// The documents show what the program prints.
#include <sys/resource.h>

#include "tests/cli/program.h"

namespace lastbyte::cli {
namespace {

class Documents : public Program {
 protected:
  /// Returns the standard error of `lastbyte proxy`, which is stopped when it serves. `descriptors` is its limit, as
  /// for ulimit.
  std::string start(const std::string& arguments, const std::string& descriptors = "$(ulimit -Hn)") {
    const std::string err = path("started");
    const std::string script = "ulimit -n " + descriptors + " || exit 3\n" LASTBYTE_PROGRAM " proxy " + arguments +
                               " 2>" + err + " &\nwhile kill -0 $! 2>/dev/null && ! grep -q ' records to ' " + err +
                               "; do sleep 0.02; done\n" + "kill $! 2>/dev/null\nwait $!\n";
    std::system(("bash " + write("start", script)).c_str());
    std::ostringstream text;
    text << std::ifstream(err).rdbuf();
    return text.str();
  }
  /// Returns the first line that has `what`, without its time.
  static std::string line_with(const std::string& text, const std::string& what) {
    const std::size_t at = text.find(what);
    if (at == std::string::npos) return "no line has " + what + " in: " + text;
    const std::size_t begin = text.rfind('\n', at) + 1;
    const std::size_t level = text.find("Z ", begin) + 2;
    return text.substr(level, text.find('\n', at) - level);
  }
};

TEST_F(Documents, the_starter_is_six_lines_and_starts) {
  std::string starter = document("starter.yaml");
  EXPECT_EQ(std::ranges::count(starter, '\n'), 6);
  const std::size_t port = starter.find(":8080");
  ASSERT_NE(port, std::string::npos);
  starter.replace(port, 5, ":0");  // port 8080 may be in use here
  const std::string told = start("--config " + write("starter.yaml", starter));
  EXPECT_NE(told.find("listening on 127.0.0.1:"), std::string::npos) << told;
  EXPECT_NE(told.find("stopped: "), std::string::npos) << told;
}

TEST_F(Documents, operations_md_has_the_figures_of_a_start) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_max < 20000) GTEST_SKIP() << "needs a limit of 20,000 descriptors";
  if (!std::ifstream("/proc/net/if_inet6")) GTEST_SKIP() << "needs IPv6, for the second address";
  const std::string operations = document("operations.md");
  for (const std::string& line :
       {line_with(start("--listen tcp::0 --connect tcp:127.0.0.1:9 --workers 2", "20000"), " records to "),
        line_with(start("--listen tcp:127.0.0.1:0 --connect tcp:127.0.0.1:9 --workers 1 --max-sessions 5000", "2048"),
                  "max-sessions 5000")})
    EXPECT_NE(operations.find(line + "\n"), std::string::npos) << line;
}

}  // namespace
}  // namespace lastbyte::cli
