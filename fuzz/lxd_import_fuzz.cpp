// Devices as LXD prints them. The text may have any content.
#include "config/lxd/import.h"
#include "require.h"

namespace {

using namespace lastbyte::config;

void check_line(const Problem& told) {
  lastbyte::fuzz::require(!told.what.empty(), "it says what it is");
  lastbyte::fuzz::require(told.what.find('\n') == std::string::npos, "in one line");
}

}  // namespace

// libFuzzer calls it so. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Imported result = import_lxd({reinterpret_cast<const char*>(data), size}, "d.yaml", 1);
  lastbyte::fuzz::require(!result.yaml.empty() || !result.problems.empty(), "a configuration, or problems");
  for (const Problem& note : result.notes) check_line(note);
  for (const Problem& problem : result.problems) check_line(problem);
  // No content of the input may become a key of its own: the result must be YAML that this program wrote.
  const Loaded loaded = load_yaml(result.yaml.empty() ? "forwardings:\n" : result.yaml, "f.yaml");
  for (const Problem& problem : loaded.problems) {
    lastbyte::fuzz::require(problem.what.find("not valid YAML") == std::string::npos, "what is made is YAML");
  }
  return 0;
}
