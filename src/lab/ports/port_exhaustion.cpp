// How many connections one address can open, and to what.
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "lab/experiments/experiments.h"
#include "lab/stage/stage.h"

namespace lastbyte::lab {
namespace {

constexpr int kPorts = 50;

constexpr Expectation kPortsTable[] = {
    {"50 ports, no bind(): connections to one destination", "50, then connect() EADDRNOTAVAIL"},
    {"50 ports, no bind(): then to another one", "50, then connect() EADDRNOTAVAIL"},
    {"50 ports, bind() to the address: connections to one destination", "50, then bind() EADDRINUSE"},
    {"50 ports, bind() to the address: then to another one", "0, then bind() EADDRINUSE"},
    {"50 ports, bind() with IP_BIND_ADDRESS_NO_PORT: connections to one destination",
     "50, then connect() EADDRNOTAVAIL"},
    {"50 ports, bind() with IP_BIND_ADDRESS_NO_PORT: then to another one", "50, then connect() EADDRNOTAVAIL"},
};

enum class HowBound : std::uint8_t { not_at_all, early, late };

/// Connects until it fails: how many times it did not, and why it ended. The sockets stay open.
std::string connect_until(Stage& stage, const net::Address& to, HowBound how, std::vector<Socket>& all) {
  for (int count = 0; count <= 2 * kPorts; ++count) {
    Socket client = stage.socket(Who::client);
    if (how == HowBound::late) client.set(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1, "IP_BIND_ADDRESS_NO_PORT");
    if (how != HowBound::not_at_all) {
      const std::string bound = client.bind(stage.address(Who::client));
      if (bound != "0") return std::to_string(count) + ", then bind() " + bound;
    }
    const std::string connected = client.connect(to);
    if (connected != "0") return std::to_string(count) + ", then connect() " + connected;
    all.push_back(std::move(client));
  }
  return "more than there are ports";
}

void play_ports(Stage& stage, const std::string& name, HowBound how, int first_port) {
  stage.scene(name);
  // A range for each, so that none is in the way of another.
  stage.set_kernel(Who::client, "ip_local_port_range",
                   std::to_string(first_port) + " " + std::to_string(first_port + kPorts - 1));
  Socket one = stage.socket(Who::server);
  Socket other = stage.socket(Who::server);
  one.bind(stage.address(Who::server, static_cast<std::uint16_t>(first_port - 2)));
  other.bind(stage.address(Who::server, static_cast<std::uint16_t>(first_port - 1)));
  one.listen(4 * kPorts);
  other.listen(4 * kPorts);
  std::vector<Socket> all;
  stage.see(name + ": connections to one destination", connect_until(stage, one.local(), how, all));
  stage.see(name + ": then to another one", connect_until(stage, other.local(), how, all));
}

void play_port_exhaustion(Stage& stage) {
  play_ports(stage, "50 ports, no bind()", HowBound::not_at_all, 43'002);
  play_ports(stage, "50 ports, bind() to the address", HowBound::early, 43'102);
  play_ports(stage, "50 ports, bind() with IP_BIND_ADDRESS_NO_PORT", HowBound::late, 43'202);
}

}  // namespace

const Experiment kPortExhaustion{
    .name = "port-exhaustion",
    .title = "How many connections one source address can open",
    .question =
        "A client has 50 ephemeral ports. It connects to one destination until that fails, and then to another one: "
        "without bind(), with bind() to its address, and with IP_BIND_ADDRESS_NO_PORT.",
    .table = kPortsTable,
    .finding =
        "Each destination has the whole range of ports, unless bind() chose the port before the destination was known: "
        "then all destinations share one.",
    .advice =
        "A proxy that binds to a source address must set IP_BIND_ADDRESS_NO_PORT. For more connections to one "
        "destination "
        "use more source addresses. lastbyte does both (T13).",
    .play = play_port_exhaustion,
};

}  // namespace lastbyte::lab
