#include "relay/stream/greeting.h"

#include <algorithm>

namespace lastbyte::relay {

namespace proxy = net::proxy_protocol;

namespace {

Heard unfinished(std::span<const std::byte> so_far, ProxyHeader mode, Coming coming) {
  if (coming == Coming::more) return Await{};
  if (mode == ProxyHeader::optional && !proxy::has_signature(so_far)) return Plain{};
  const std::string what = so_far.empty()
                               ? "no PROXY header came"
                               : "the PROXY header was cut off after " + std::to_string(so_far.size()) + " bytes";
  return Refused{coming == Coming::ended ? what + " before the client's FIN" : what + " in time"};
}

Heard refused(const proxy::Refusal& refusal, ProxyHeader mode) {
  if (refusal.fault == proxy::Fault::not_proxy && mode == ProxyHeader::optional) return Plain{};
  return Refused{"PROXY header: " + refusal.reason};
}

}  // namespace

Welcome welcome(const Forwarding& forwarding, const net::Address& peer) {
  const auto& trusted = forwarding.proxy_trusted;
  const bool may_tell = trusted.empty() || trusted.contains(peer);
  switch (forwarding.proxy_header) {
    case ProxyHeader::off: return Welcome::serve;
    case ProxyHeader::optional: return may_tell ? Welcome::listen : Welcome::serve;
    case ProxyHeader::required: return may_tell ? Welcome::listen : Welcome::reject;
  }
  return Welcome::serve;
}

Heard hear(std::span<const std::byte> so_far, ProxyHeader mode, Coming coming) {
  auto parsed = proxy::parse(so_far, kLongestGreeting);
  if (auto* header = std::get_if<proxy::Header>(&parsed)) return std::move(*header);
  if (const auto* refusal = std::get_if<proxy::Refusal>(&parsed)) return refused(*refusal, mode);
  return unfinished(so_far, mode, coming);
}

void introduce(Greeting& greeting, const proxy::Header& header) {
  Introduction& told = *greeting.introduction;
  told.version = header.version;
  if (const auto* id = header.find(proxy::tlv::kUniqueId)) told.unique_id = id->value;
  if (const auto* authority = header.find(proxy::tlv::kAuthority)) told.authority = authority->value;
  greeting.destination = header.destination;
}

Result<std::string> preface_text(proxy::Version version, const net::Address& client, const net::Address& destination,
                                 std::vector<proxy::Tlv> tlvs) {
  std::erase_if(
      tlvs, [](const proxy::Tlv& each) { return each.type == proxy::tlv::kNetns || each.type == proxy::tlv::kNoop; });
  return proxy::format({.version = version, .source = client, .destination = destination, .tlvs = std::move(tlvs)});
}

}  // namespace lastbyte::relay
