// Endpoints, networks and network namespaces, as users write them.
#include <string>

#include "net/address/cidr.h"
#include "net/address/endpoint.h"
#include "net/names/namespace.h"
#include "require.h"

namespace {

using namespace lastbyte::net;
using lastbyte::fuzz::require;

void check_endpoint(std::string_view text, EndpointUse use) {
  const auto endpoint = parse_endpoint(text, use);
  if (!endpoint) return require(!endpoint.error().detail.empty(), "an error says what was expected");
  const auto again = parse_endpoint(endpoint->text(), use);
  require(again.has_value(), "what is printed can be read");
  require(*again == *endpoint, "and means the same");
  // HOST:PORT and ports alone are short forms.
  const std::string whole = endpoint->text();
  require(whole == text || whole == "tcp:" + std::string(text) || whole == "tcp:127.0.0.1:" + std::string(text),
          "as it was written");
  require(endpoint->count() > 0, "it is at least one socket");
}

void check_namespace(std::string_view text) {
  const auto name = NamespaceName::parse(text);
  if (!name) return require(!name.error().empty(), "an error says what was expected");
  require(name->text() == text, "what is printed is as it was written");
}

void check_network(std::string_view text) {
  const auto network = Cidr::parse(text);
  if (!network) return require(!network.error().detail.empty(), "an error says what was expected");
  const auto again = Cidr::parse(network->text());
  require(again.has_value(), "what is printed can be read");
  require(*again == *network, "and means the same");
}

}  // namespace

// libFuzzer calls it so. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_endpoint(text, EndpointUse::listen);
  check_endpoint(text, EndpointUse::connect);
  check_network(text);
  check_namespace(text);
  return 0;
}
