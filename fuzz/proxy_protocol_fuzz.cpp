// Any client may send a PROXY header.
#include "net/proxy_protocol/header.h"
#include "require.h"

namespace {

using namespace lastbyte::net::proxy_protocol;
using lastbyte::fuzz::require;

void check_cuts(std::span<const std::byte> bytes, const Parsed& at_once) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Parsed answer = parse(bytes.first(size));
    const auto* more = std::get_if<NeedMore>(&answer);
    if (more == nullptr) return require(answer == at_once, "the answer does not depend on how the bytes were cut");
    require(more->at_least > 0, "more is more than nothing");
    if (const auto* header = std::get_if<Header>(&at_once)) {
      require(size + more->at_least <= header->length, "at least is a lower bound");
    }
  }
}

void check_header(const Header& header, std::size_t size) {
  require(header.length <= size, "the header has come");
  require(header.source.none() == header.destination.none(), "both addresses or none");
  const auto written = format(header);
  require(written.has_value(), "what was read can be written");
  const Parsed again = parse(std::as_bytes(std::span(*written)), written->size());
  require(std::holds_alternative<Header>(again), "what was written can be read");
  require(format(std::get<Header>(again)).value_or("") == *written, "it is written as before");
}

}  // namespace

// libFuzzer calls it so. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  const Parsed answer = parse(bytes);
  check_cuts(bytes, answer);
  if (const auto* header = std::get_if<Header>(&answer)) check_header(*header, size);
  if (const auto* wrong = std::get_if<Refusal>(&answer)) {
    for (const char c : wrong->reason) require(c >= ' ' && c <= '~', "a reason is printable");
  }
  return 0;
}
