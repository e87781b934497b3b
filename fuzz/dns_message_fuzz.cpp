// A DNS server, or somebody who forges its answers, may send anything.
#include "probe/dns/message.h"
#include "require.h"

namespace {

using namespace lastbyte::probe::dns;
using lastbyte::fuzz::require;

constexpr std::chrono::seconds kLongest{0x7fffffff};

void check(const Message& message, RecordType type) {
  if (const auto* records = std::get_if<Records>(&message)) {
    require(records->addresses.empty() == (type == RecordType::srv), "addresses are those of A and AAAA");
    require(records->targets.empty() == (type != RecordType::srv), "targets are those of SRV");
    require(records->ttl.count() >= 0 && records->ttl <= kLongest, "a TTL has 31 bits");
    for (const auto& each : records->addresses)
      require(each.family() == (type == RecordType::a ? AF_INET : AF_INET6), "an address has its family");
    for (const Target& each : records->targets) require(!each.host.empty() && each.host != ".", "a target has a name");
  } else if (const auto* negative = std::get_if<Negative>(&message)) {
    require(!negative->ttl || (negative->ttl->count() >= 0 && *negative->ttl <= kLongest), "a TTL has 31 bits");
  } else {
    require(!std::get<Broken>(message).why.empty(), "a refusal has a reason");
  }
}

}  // namespace

// libFuzzer calls it so. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  for (const RecordType type : {RecordType::a, RecordType::aaaa, RecordType::srv})
    check(read_message(bytes, type), type);
  return 0;
}
