#include "check/scenarios/variant.h"

#include <algorithm>
#include <array>

#include "check/scenarios/scenario.h"
#include "peers/script.h"

namespace lastbyte::check {
namespace {

using net::proxy_protocol::Version;
using peers::Action;
using peers::parse_script;

using net::Transport;

constexpr auto kVariants = std::to_array<Variant>({
    {.name = "tcp", .title = "TCP on both sides"},
    {.name = "unix",
     .title = "UNIX sockets on both sides",
     .way = {.client = Transport::unix_stream, .server = Transport::unix_stream}},
    {.name = "unix-to-tcp",
     .title = "the client over a UNIX socket, the server over TCP",
     .way = {.client = Transport::unix_stream}},
    {.name = "tcp-to-unix",
     .title = "the client over TCP, the server over a UNIX socket",
     .way = {.server = Transport::unix_stream}},
    {.name = "proxy-v1",
     .title = "PROXY protocol, version 1: taken from the client and told to the server",
     .way = {.from_client = Version::v1, .to_server = Version::v1}},
    {.name = "proxy-v2",
     .title = "PROXY protocol, version 2: taken from the client and told to the server",
     .way = {.from_client = Version::v2, .to_server = Version::v2}},
    {.name = "accept-proxy-v1", .title = "a header of version 1 from the client", .way = {.from_client = Version::v1}},
    {.name = "accept-proxy-v2", .title = "a header of version 2 from the client", .way = {.from_client = Version::v2}},
    {.name = "send-proxy-v1", .title = "a header of version 1 to the server", .way = {.to_server = Version::v1}},
    {.name = "send-proxy-v2", .title = "a header of version 2 to the server", .way = {.to_server = Version::v2}},
});

bool is_abort(const peers::Step& step) {
  const auto* together = std::get_if<peers::Together>(&step);
  return together != nullptr && std::ranges::any_of(together->actions, [](const Action& action) {
           return std::holds_alternative<peers::Reset>(action) || std::holds_alternative<peers::Vanish>(action);
         });
}

/// Returns whether the script ends its connection in a way that UNIX sockets do not have.
bool aborts(std::string_view text) {
  const auto script = parse_script(text);
  return script && std::ranges::any_of(script->steps, is_abort);
}

bool may_be_unix(std::string_view script, const Wanted& wants) {
  return !aborts(script) && wants.ending == Ending::as_scripted;
}

}  // namespace

std::span<const Variant> variants() { return kVariants; }

const Variant& tcp_variant() { return kVariants.front(); }

const Variant* find_variant(std::string_view name) {
  const auto* found = std::ranges::find(kVariants, name, &Variant::name);
  return found == kVariants.end() ? nullptr : found;
}

std::string variant_names() {
  std::string names;
  for (const Variant& each : kVariants) names += (names.empty() ? "" : ", ") + std::string(each.name);
  return names;
}

bool has_meaning(const Scenario& scenario, const Variant& variant) {
  if (&variant == &tcp_variant()) return true;
  if (!scenario.varied) return false;
  if (variant.way.client == net::Transport::unix_stream && !may_be_unix(scenario.client, scenario.client_wants))
    return false;
  if (variant.way.server == net::Transport::tcp) return true;
  const bool deaf = scenario.upstream == Upstream::slow_to_hear || scenario.upstream == Upstream::silent;
  return !deaf && may_be_unix(scenario.server, scenario.server_wants);
}

std::string label(const Scenario& scenario, const Variant& variant) {
  const bool plain = &variant == &tcp_variant();
  return std::string(scenario.name) + (plain ? "" : "@" + std::string(variant.name));
}

}  // namespace lastbyte::check
