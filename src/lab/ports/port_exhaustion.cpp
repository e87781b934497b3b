// How many connections one address can open, and to which destinations.
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "lab/experiments/experiments.h"
#include "lab/stage/stage.h"
#include "net/socket/calls.h"

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
    {"50 ports, 2 source addresses: connections to one destination", "100, then connect() EADDRNOTAVAIL"},
    {"50 ports, 4 source addresses: connections to one destination", "200, then connect() EADDRNOTAVAIL"},
    {"50 ports, the client closes first: connections to one destination",
     "50, then connect() EADDRNOTAVAIL",
     {},
     "its TIME_WAITs hold the ports; tcp_tw_reuse 0"},
    {"50 ports, 4 source addresses, the client closes first: connections to one destination",
     "200, then connect() EADDRNOTAVAIL"},
    {"50 ports, the server closes first: connections to one destination",
     "101 of 101",
     {},
     "its TIME_WAIT takes the next SYN from the same port: net/ipv4/tcp_minisocks.c tcp_timewait_state_process"},
    {"the default range: ports, and connections a second with a TIME_WAIT of 60 s",
     "28232, 470",
     {},
     "include/net/tcp.h TCP_TIMEWAIT_LEN"},
    {"2000 ports: the connection that fails", "number 2001, EADDRNOTAVAIL"},
    {"2000 ports from an even one: the first 1000 connections have, and the others",
     "even ports, odd ports",
     {},
     "net/ipv4/inet_hashtables.c __inet_hash_connect tries every other port first"},
};

enum class HowBound : std::uint8_t { not_at_all, early, late };

/// Connects until a connect() fails. Returns the number of connections and the error. The sockets stay open.
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
  // Each variant has a range of its own, so that none disturbs another.
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

/// Adds a pool of addresses to the client and returns them. Empty: the kernel refused them.
std::vector<net::Address> pool(Stage& stage, int size) {
  std::vector<net::Address> all;
  for (int i = 0; i < size; ++i) {
    // Loopback already has all of 127.0.0.0/8.
    const bool loopback = stage.medium() == Medium::loopback;
    const std::string ip = (loopback ? "127.0.0." : "198.18.0.") + std::to_string(10 * size + i);
    if (!loopback && !stage.add_address(Who::client, ip)) return {};
    all.push_back(*net::Address::parse(ip, 0));
  }
  return all;
}

Socket listen_outside(Stage& stage, int first_port) {
  Socket listening = stage.socket(Who::server);
  listening.bind(stage.address(Who::server, static_cast<std::uint16_t>(first_port - 1)));
  listening.listen(16 * kPorts);
  return listening;
}

void set_range(Stage& stage, int first_port, int ports) {
  stage.set_kernel(Who::client, "ip_local_port_range",
                   std::to_string(first_port) + " " + std::to_string(first_port + ports - 1));
}

enum class ClosesFirst : std::uint8_t { nobody, client, server };

/// Connects from each source in turn until one connection fails.
std::string connect_in_turn(Stage& stage, Socket& listening, const std::vector<net::Address>& sources,
                            ClosesFirst first, int limit) {
  std::vector<Socket> open;
  for (int count = 0; count < limit; ++count) {
    Socket client = stage.socket(Who::client);
    if (!sources.empty()) {
      client.set(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1, "IP_BIND_ADDRESS_NO_PORT");
      client.bind(sources[static_cast<std::size_t>(count) % sources.size()]);
    }
    const std::string connected = client.connect(listening.local());
    if (connected != "0") return std::to_string(count) + ", then connect() " + connected;
    if (first == ClosesFirst::nobody) {
      open.push_back(std::move(client));
      continue;
    }
    Socket accepted = listening.accept();
    Socket& closes = first == ClosesFirst::client ? client : accepted;
    Socket& follows = first == ClosesFirst::client ? accepted : client;
    closes.close();
    follows.read_to_end();
    follows.close();
    accepted = {};
  }
  return std::to_string(limit) + " of " + std::to_string(limit);
}

void play_pools(Stage& stage) {
  struct Case {
    std::string name;
    int sources;
    ClosesFirst first;
    int first_port;
    int limit;
  };
  const std::array<Case, 5> cases{{
      {"50 ports, 2 source addresses", 2, ClosesFirst::nobody, 43'302, 10 * kPorts},
      {"50 ports, 4 source addresses", 4, ClosesFirst::nobody, 43'402, 10 * kPorts},
      {"50 ports, the client closes first", 0, ClosesFirst::client, 43'502, 10 * kPorts},
      {"50 ports, 4 source addresses, the client closes first", 4, ClosesFirst::client, 43'602, 10 * kPorts},
      {"50 ports, the server closes first", 0, ClosesFirst::server, 43'702, 2 * kPorts + 1},
  }};
  stage.set_kernel(Who::client, "tcp_tw_reuse", "0");
  std::vector<net::Address> four;
  for (const Case& each : cases) {
    stage.scene(each.name);
    set_range(stage, each.first_port, kPorts);
    std::vector<net::Address> sources;
    if (each.sources == 4) {
      if (four.empty()) four = pool(stage, each.sources);
      sources = four;
    } else if (each.sources != 0) {
      sources = pool(stage, each.sources);
    }
    Socket listening = listen_outside(stage, each.first_port);
    const std::string row = each.name + ": connections to one destination";
    if (sources.size() == static_cast<std::size_t>(each.sources))
      stage.see(row, connect_in_turn(stage, listening, sources, each.first, each.limit));
    else
      stage.not_observed(row, "the client got no further addresses");
  }
}

void play_default_range(Stage& stage, const std::string& range) {
  const std::string row = "the default range: ports, and connections a second with a TIME_WAIT of 60 s";
  int first = 0;
  int last = 0;
  if (std::sscanf(range.c_str(), "%d %d", &first, &last) != 2) {
    stage.not_observed(row, "ip_local_port_range cannot be read");
    return;
  }
  const int ports = last - first + 1;
  stage.see(row, std::to_string(ports) + ", " + std::to_string(ports / 60));
}

using Nanoseconds = std::chrono::nanoseconds;

struct ConnectTimes {
  std::vector<Nanoseconds> made;
  std::vector<std::uint16_t> ports;
  Nanoseconds failed{};
  int error = 0;
};

/// Connects many times on this thread. The time line omits them: they would be thousands of lines.
ConnectTimes connect_many(const net::Address& to, int limit) {
  ConnectTimes times;
  std::vector<Descriptor> open;
  while (times.error == 0 && static_cast<int>(open.size()) < limit) {
    Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!client) {
      times.error = errno;
      break;
    }
    const auto began = std::chrono::steady_clock::now();
    const int status = ::connect(client.get(), to.data(), to.size());
    const auto took = std::chrono::steady_clock::now() - began;
    if (status != 0) {
      times.error = errno;
      times.failed = took;
    } else {
      times.made.push_back(took);
      times.ports.push_back(net::local_address(client.get()).port());
      open.push_back(std::move(client));
    }
  }
  return times;
}

Nanoseconds median(std::vector<Nanoseconds> all) {
  if (all.empty()) return {};
  std::ranges::nth_element(all, all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2));
  return all[all.size() / 2];
}

/// Returns the parity of the chosen ports from index `begin` to before `end`.
std::string parity_of(const std::vector<std::uint16_t>& ports, std::size_t begin, std::size_t end) {
  end = std::min(end, ports.size());
  std::size_t odd = 0;
  for (std::size_t i = begin; i < end; ++i) odd += ports[i] % 2U;
  return odd == 0 ? "even ports" : odd == end - begin ? "odd ports" : "both";
}

std::string times_text(Nanoseconds value, Nanoseconds base) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f times",
                static_cast<double>(value.count()) / static_cast<double>(base.count()));
  return text.data();
}

void report_cost(Stage& stage, const ConnectTimes& times) {
  constexpr std::size_t kTenths = 10;
  std::vector<Nanoseconds> medians;
  for (std::size_t i = 0; i < kTenths; ++i) {
    const auto from = times.made.begin() + static_cast<std::ptrdiff_t>(i * times.made.size() / kTenths);
    const auto to = times.made.begin() + static_cast<std::ptrdiff_t>((i + 1) * times.made.size() / kTenths);
    medians.push_back(median({from, to}));
  }
  if (medians.front().count() == 0) return;
  for (const std::size_t i : {std::size_t{4}, std::size_t{5}, std::size_t{8}, std::size_t{9}})
    stage.measured("connect() while " + std::to_string(10 * i) + " to " + std::to_string(10 * (i + 1)) +
                       " % of 2000 ports are taken, beside the first tenth",
                   times_text(medians[i], medians.front()));
  stage.measured("the last ten connect()s that succeed",
                 times_text(median({times.made.end() - 10, times.made.end()}), medians.front()));
  stage.measured("the connect() that fails", times_text(times.failed, medians.front()));
}

void play_cost(Stage& stage) {
  constexpr int kMany = 2000;
  constexpr std::size_t kHalf = kMany / 2;
  const std::string row = "2000 ports: the connection that fails";
  const std::string parity = "2000 ports from an even one: the first 1000 connections have, and the others";
  stage.scene("connect() as 2000 ports run out");
  set_range(stage, 50'002, kMany);
  Socket listening = stage.socket(Who::server);
  const net::Address at = stage.address(Who::server, 50'001);
  // If the port is taken, nothing can connect, and the rows differ.
  static_cast<void>(::bind(listening.fd(), at.data(), at.size()) == 0 && ::listen(listening.fd(), 2 * kMany) == 0);
  ConnectTimes times;
  stage.inside(Who::client, [&] { times = connect_many(at, kMany + 1); });
  if (times.error == EMFILE || times.error == ENFILE) {
    for (const std::string& each : {row, parity})
      stage.not_observed(each, "the process may not open so many descriptors");
    return;
  }
  stage.note(
      Who::client, EventKind::call,
      std::to_string(times.made.size()) + " connect() = 0, then " + (times.error == 0 ? "0" : errno_name(times.error)));
  stage.see(row, "number " + std::to_string(times.made.size() + 1) + ", " +
                     (times.error == 0 ? "none" : errno_name(times.error)));
  stage.see(parity, parity_of(times.ports, 0, kHalf) + ", " + parity_of(times.ports, kHalf, 2 * kHalf));
  if (times.error == EADDRNOTAVAIL) report_cost(stage, times);
}

void play_port_exhaustion(Stage& stage) {
  const std::string range = stage.kernel_setting(Who::client, "ip_local_port_range");
  play_ports(stage, "50 ports, no bind()", HowBound::not_at_all, 43'002);
  play_ports(stage, "50 ports, bind() to the address", HowBound::early, 43'102);
  play_ports(stage, "50 ports, bind() with IP_BIND_ADDRESS_NO_PORT", HowBound::late, 43'202);
  play_pools(stage);
  play_cost(stage);
  play_default_range(stage, range);
}

}  // namespace

const Experiment kPortExhaustion{
    .name = "port-exhaustion",
    .title = "How many connections one source address can open",
    .question =
        "A client has 50 ephemeral ports. It connects to one destination until connect() fails, and then to another "
        "one: without bind(), with bind() to its address, and with IP_BIND_ADDRESS_NO_PORT; from two and four source "
        "addresses; with the client or the server closing first. Then it has 2,000 ports, and the experiment measures "
        "each connect() while they run out.",
    .table = kPortsTable,
    .finding =
        "Each destination has the whole range of ports, unless bind() chose the port before the destination was known: "
        "then all destinations share one range. Each additional source address adds a whole range. A client that "
        "closes first can open ports / 60 s connections to one destination (470 a second with the default range) per "
        "source address. If the server closes first, there is no such limit. The kernel tries every second port first. "
        "When half of the range is in use, each connect() searches that half in vain and costs several times as much.",
    .advice =
        "A proxy that binds to a source address must set IP_BIND_ADDRESS_NO_PORT. For more connections to one "
        "destination, add source addresses before half of the ports are in use. lastbyte does both (T13).",
    .play = play_port_exhaustion,
};

}  // namespace lastbyte::lab
