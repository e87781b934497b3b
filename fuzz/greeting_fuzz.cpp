// The first bytes of a client decide whether it is served, and under which address. They may come in any pieces.
#include "relay/stream/greeting.h"
#include "require.h"

namespace {

using namespace lastbyte::relay;
using lastbyte::fuzz::require;
namespace proxy = lastbyte::net::proxy_protocol;

bool same(const Heard& one, const Heard& other) {
  if (one.index() != other.index()) return false;
  if (const auto* header = std::get_if<proxy::Header>(&one)) return *header == std::get<proxy::Header>(other);
  return true;
}

void check(std::span<const std::byte> bytes, ProxyHeader mode) {
  const Heard at_once = hear(bytes, mode, Coming::more);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Heard heard = hear(bytes.first(size), mode, Coming::more);
    if (std::holds_alternative<Await>(heard)) continue;
    require(same(heard, at_once), "the answer does not depend on how the bytes were cut");
    break;
  }
  for (const Coming coming : {Coming::ended, Coming::late}) {
    const Heard last = hear(bytes, mode, coming);
    require(!std::holds_alternative<Await>(last), "nothing is awaited that cannot come");
    require(std::holds_alternative<Await>(at_once) || same(last, at_once), "what is known stays so");
    require(mode == ProxyHeader::optional || !std::holds_alternative<Plain>(last), "a header is required");
    if (const auto* refused = std::get_if<Refused>(&last)) {
      require(!refused->reason.empty(), "a refusal has a reason");
      require(mode == ProxyHeader::required || proxy::has_signature(bytes), "what begins as no header is plain");
    }
  }
  if (bytes.size() >= kLongestGreeting) require(!std::holds_alternative<Await>(at_once), "a header has an end");
}

void check_preface(std::span<const std::byte> bytes) {
  const Heard heard = hear(bytes, ProxyHeader::required, Coming::more);
  const auto* header = std::get_if<proxy::Header>(&heard);
  if (header == nullptr) return;
  for (const proxy::Version version : {proxy::Version::v1, proxy::Version::v2}) {
    const auto written = preface_text(version, header->source, header->destination, header->tlvs);
    require(written.has_value(), "what was told can be told on");
    const auto again = proxy::parse(std::as_bytes(std::span(*written)), written->size());
    require(std::holds_alternative<proxy::Header>(again), "what was told on can be read");
    require(std::get<proxy::Header>(again).find(proxy::tlv::kNetns) == nullptr, "a network namespace stays here");
  }
}

}  // namespace

// libFuzzer calls it so. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  for (const ProxyHeader mode : {ProxyHeader::optional, ProxyHeader::required}) check(bytes, mode);
  check_preface(bytes);
  return 0;
}
