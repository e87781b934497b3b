#include "net/address/syslog.h"

#include "net/address/endpoint.h"

namespace lastbyte::net {

std::optional<Result<Address>> parse_syslog_receiver(std::string_view text) {
  constexpr std::string_view kWord = "syslog";
  constexpr std::string_view kExpected =
      "expected syslog, syslog:unix:/PATH or syslog:udp:ADDRESS:PORT with a numeric address";
  if (!text.starts_with(kWord)) return std::nullopt;
  text.remove_prefix(kWord.size());
  if (text.empty()) return *Address::unix_name("/dev/log");
  if (!text.starts_with(':')) return std::nullopt;
  text.remove_prefix(1);
  const auto wrong = [&](std::string why) -> Result<Address> {
    return failure("syslog receiver '" + std::string(text) + "'", 0, std::move(why));
  };
  const auto endpoint = parse_endpoint(text, EndpointUse::connect);
  if (!endpoint) return wrong(endpoint.error().detail);
  std::optional<Address> address;
  if (endpoint->is_path()) address = Address::unix_name(endpoint->path);
  if (endpoint->transport == Transport::udp && endpoint->count() == 1)
    address = Address::parse(endpoint->host, endpoint->ports.at(0));
  if (!address) return wrong(std::string(kExpected));
  return *address;
}

}  // namespace lastbyte::net
