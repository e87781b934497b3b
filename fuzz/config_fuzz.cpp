// A configuration file may have any content.
#include "config/settings/config.h"
#include "require.h"

// libFuzzer calls it so. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lastbyte::config;
  using lastbyte::fuzz::require;
  const Loaded loaded = load_yaml({reinterpret_cast<const char*>(data), size}, "f.yaml");
  require(loaded.config.has_value() == loaded.problems.empty(), "a config, or problems");
  for (const Problem& problem : loaded.problems) require(!problem.what.empty(), "a problem says what it is");
  if (!loaded.config) return 0;
  const Loaded again = load_yaml(print_yaml(*loaded.config), "f.yaml");
  require(again.config.has_value(), "what is printed can be loaded");
  require(*again.config == *loaded.config, "and means the same");
  return 0;
}
