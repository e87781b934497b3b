// docs/resets.md has the program's table of reasons. To update it, run this test with LASTBYTE_UPDATE_DOCS=1.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "kernel/reset/reasons.h"

namespace lastbyte::kernel {
namespace {

constexpr const char* kPath = LASTBYTE_SOURCE_DIR "/docs/resets.md";

constexpr std::string_view kIntroduction = R"(# Why the kernel sends a reset

Since Linux 6.10 the kernel gives a reason for each TCP reset that it sends (`enum sk_rst_reason`, the tracepoint
`tcp:tcp_send_reset`). [`lastbyte trace`](trace.md) prints it, and `lastbyte doctor` counts some of them. This page describes
every reason of Linux 6.18. The kernel gives no reason for a reset that it receives: look for the reason on the other host.

`lastbyte doctor` reports reasons of the running kernel that this page does not describe (`reset-reasons-unknown`).

The commands below use port 8080 of 127.0.0.1. Run `lastbyte trace --port 8080` beside them.

)";

std::string section(const ResetReason& reason) {
  std::string text = "## " + std::string(reason.name) + "\n\n" + std::string(reason.meaning) +
                     "\n\nTrigger: " + std::string(trigger_text(reason.trigger)) + ".\n\n";
  text += "Usual cause: " + std::string(reason.cause) + "\n\n";
  if (reason.reproduction.find("lastbyte sock ") == std::string_view::npos || reason.reproduction.starts_with('`')) {
    text += "To reproduce: " + std::string(reason.reproduction) + "\n\n";
  } else {
    text += "To reproduce:\n\n";
    std::istringstream lines{std::string(reason.reproduction)};
    for (std::string line; std::getline(lines, line);) text += "    " + line + "\n";
    text += "\n";
  }
  return text + "What to do: " + std::string(reason.advice) + "\n";
}

std::string document() {
  std::string text(kIntroduction);
  text += "| reason | meaning |\n|---|---|\n";
  for (const ResetReason& each : reset_reasons()) {
    std::string anchor(each.name);
    for (char& letter : anchor) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    text += "| [" + std::string(each.name) + "](#" + anchor + ") | " + std::string(each.meaning) + " |\n";
  }
  for (const ResetReason& each : reset_reasons()) text += "\n" + section(each);
  return text;
}

TEST(ResetReasons, are_those_of_the_document) {
  if (std::getenv("LASTBYTE_UPDATE_DOCS") != nullptr) std::ofstream(kPath) << document();
  std::ostringstream there;
  there << std::ifstream(kPath).rdbuf();
  EXPECT_EQ(there.str(), document()) << "stale: run this test with LASTBYTE_UPDATE_DOCS=1";
}

}  // namespace
}  // namespace lastbyte::kernel
