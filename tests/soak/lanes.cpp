#include "tests/soak/lanes.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "net/socket/calls.h"
#include "net/tcp/listen.h"
#include "peers/local_socket.h"

namespace lastbyte::soak {
namespace {

constexpr const char* kLoopback = "127.0.0.1";

Result<void> set_up_tcp(Lane& lane) {
  const net::Address any = *net::Address::parse(kLoopback, 0);
  if (lane.kind->reachable) {
    auto listening = net::listen_tcp(any, {}, 1);
    if (!listening) return Failure(listening.error());
    lane.upstream = std::move(listening->front());
  } else {
    lane.upstream = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(lane.upstream.get(), any.data(), any.size()) != 0) return failure_from_errno("bind " + any.text());
  }
  lane.upstream_address = net::local_address(lane.upstream.get());
  return {};
}

Result<void> set_up_unix(Lane& lane, const std::string& directory) {
  lane.upstream_address = *net::Address::unix_name(directory + "/" + lane.name + ".upstream");
  auto listening = peers::listen_locally(lane.upstream_address, {});
  if (!listening) return Failure(listening.error());
  if (lane.kind->reachable) lane.upstream = std::move(*listening);  // otherwise the path stays, and nobody listens
  return {};
}

std::string header_version(net::proxy_protocol::HeaderVersion version) {
  return version ? std::string(net::proxy_protocol::name(*version)) : "off";
}

const char* asks_text(Asks asks) {
  switch (asks) {
    case Asks::off: return "off";
    case Asks::optional: return "optional";
    case Asks::required: return "required";
  }
  return "?";
}

std::string forwarding(const Lane& lane, std::uint64_t variation) {
  const Kind& kind = *lane.kind;
  const std::string transport = lane.upstream_address.is_unix() ? "" : "tcp:";
  std::string text = "  - name: " + lane.name + "\n    listen: " + lane.listen + "\n    connect: " + transport +
                     lane.upstream_address.text() + "\n";
  if (kind.asks != Asks::off) text += std::string("    client: {proxy-protocol: ") + asks_text(kind.asks) + "}\n";
  if (kind.tells) text += "    upstream: {proxy-protocol: " + header_version(kind.tells) + "}\n";
  if (kind.small_buffers) {
    const std::string size = variation % 2 == 0 ? "4k" : "8k";
    const std::string both = "{send-buffer: " + size + ", receive-buffer: " + size + "}\n";
    text += "    client: " + both + "    upstream: " + both;
  }
  if (kind.held_back) text += "    connect-on: data\n";
  if (!kind.settings.empty()) text += "    " + std::string(kind.settings) + "\n";
  if (kind.brief) {
    const std::string brief = std::to_string(kBrief.count()) + "ms";
    text += "    limits: {idle: " + brief + ", half-close: " + brief + ", reset-flush: " + brief +
            "}\n    linger: {time: " + std::to_string(2 * kBrief.count()) + "ms, timeout: " + brief + "}\n";
  }
  return text;
}

}  // namespace

Result<std::vector<Lane>> make_lanes(std::size_t of_each, const std::string& directory) {
  std::vector<Lane> lanes;
  for (const Kind& kind : kinds()) {
    for (std::size_t i = 0; i < of_each * kind.weight; ++i) {
      Lane lane{.kind = &kind, .name = std::string(kind.name) + "-" + std::to_string(i)};
      const bool unix_client = kind.client == Transport::unix_stream;
      lane.listen = unix_client ? "unix:" + directory + "/" + lane.name : std::string("tcp:") + kLoopback + ":0";
      const auto made = kind.upstream == Transport::tcp ? set_up_tcp(lane) : set_up_unix(lane, directory);
      if (!made) return Failure(made.error());
      lanes.push_back(std::move(lane));
    }
  }
  return lanes;
}

std::string settings(const std::vector<Lane>& lanes, const std::string& log, std::uint64_t variation) {
  std::string text = "workers: 2\ndrain: 5m\nlog: {format: json, target: " + log + "}\ndefaults:\n";
  if (const char* io = std::getenv("LASTBYTE_TEST_IO"); io != nullptr) text = "io: " + std::string(io) + "\n" + text;
  text += "  limits: {idle: 10m, half-close: 10m, reset-flush: 2m, connect: 1m}\n";
  text += "  linger: {time: 2m, timeout: 2m}\n";
  text += "  client: {backlog: " + std::to_string(1024 + variation % 7) + "}\n";
  text += "forwardings:\n";
  for (const Lane& lane : lanes) text += forwarding(lane, variation);
  // A listener that comes and goes.
  if (variation % 2 == 1) text += "  - {name: spare, listen: tcp:127.0.0.1:0, connect: tcp:127.0.0.1:9}\n";
  return text;
}

bool find_addresses(std::vector<Lane>& lanes, std::string_view said) {
  for (Lane& lane : lanes) {
    // "listening on 127.0.0.1:38883 -> 127.0.0.1:9 (a-0)"
    const std::size_t name = said.find(" (" + lane.name + ")");
    const std::size_t arrow = said.rfind(" -> ", name);
    constexpr std::string_view kListening = "listening on ";
    const std::size_t begin = said.rfind(kListening, arrow);
    if (name == std::string_view::npos || begin == std::string_view::npos) return false;
    std::string_view text = said.substr(begin + kListening.size(), arrow - begin - kListening.size());
    if (text.starts_with("unix:")) {
      lane.address = *net::Address::unix_name(text.substr(5));
      continue;
    }
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return false;
    const auto port = static_cast<std::uint16_t>(std::stoul(std::string(text.substr(colon + 1))));
    lane.address = *net::Address::parse(text.substr(0, colon), port);
  }
  return true;
}

}  // namespace lastbyte::soak
