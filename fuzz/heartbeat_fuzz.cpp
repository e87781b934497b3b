// Anybody may connect and send anything as a heartbeat: the program must accept or refuse it, and do nothing else.
#include "probe/heartbeat/beat.h"
#include "require.h"

namespace {

using namespace lastbyte;
using fuzz::require;
using heartbeat::Beat;

constexpr TimePoint kBegin = TimePoint{} + std::chrono::hours(1);

struct Told {
  std::size_t heard = 0;
  std::optional<heartbeat::End> end;
  heartbeat::Counts counts;
};

Told told(std::span<const std::byte> bytes, std::size_t piece) {
  Beat beat({.interval = Duration(1000), .session = 1}, kBegin);
  require(!beat.due(kBegin).empty(), "the first frame is due at once");
  Told out;
  while (!bytes.empty()) {
    const auto now = bytes.first(std::min(piece, bytes.size()));
    out.heard += beat.receive(now, kBegin + Duration(1)).size();
    bytes = bytes.subspan(now.size());
  }
  out.end = beat.end(kBegin + Duration(1));
  out.counts = beat.counts();
  require(beat.dies() <= kBegin + Duration(1) + heartbeat::kLongestInterval * 3 / 2, "the peer's promise has a bound");
  require(beat.end(beat.dies()).has_value(), "silence ends it");
  return out;
}

}  // namespace

// libFuzzer calls it so. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  const Told whole = told(bytes, size + 1);
  const Told cut = told(bytes, 1);
  require(whole.heard == cut.heard && whole.end == cut.end, "how the bytes are cut does not matter");
  require(whole.heard == whole.counts.taken, "what is heard was taken");
  require(whole.counts.refused() == cut.counts.refused(), "what is refused is counted");
  return 0;
}
