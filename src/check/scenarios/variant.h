// Over what a scenario is played: TCP, UNIX sockets, and with PROXY protocol headers ahead of the data. As data.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/proxy_protocol/header.h"

namespace lastbyte::check {

struct Scenario;

/// One of the two connections of a session.
enum class Leg : std::uint8_t { tcp, unix_socket };

struct Variant {
  std::string_view name;
  std::string_view title;
  Leg client = Leg::tcp;
  Leg server = Leg::tcp;
  net::proxy_protocol::HeaderVersion from_client = {};  ///< the client sends such a header first
  net::proxy_protocol::HeaderVersion to_server = {};    ///< the server expects one first

  [[nodiscard]] bool has_unix() const { return client == Leg::unix_socket || server == Leg::unix_socket; }
  [[nodiscard]] bool has_header() const { return from_client || to_server; }
};

/// All; the first is plain TCP on both sides.
std::span<const Variant> variants();
const Variant& tcp_variant();
/// nullptr: there is none of that name.
const Variant* find_variant(std::string_view name);
/// With commas.
std::string variant_names();

/// Whether the scenario has a meaning in the variant: over UNIX sockets there is no RST to send, no TIME_WAIT and no
/// SYN.
bool has_meaning(const Scenario& scenario, const Variant& variant);

/// "half-close-client", "half-close-client@unix".
std::string label(const Scenario& scenario, const Variant& variant);

}  // namespace lastbyte::check
