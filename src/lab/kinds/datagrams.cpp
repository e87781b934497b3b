// How UDP sockets report errors, and which of several sockets receives a client's datagrams.
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "lab/experiments/experiments.h"
#include "lab/stage/stage.h"
#include "process/eventually.h"

namespace lastbyte::lab {
namespace {

constexpr Expectation kDatagramTable[] = {
    {"connected, no listener: send(), recv(), recv()", "1, ECONNREFUSED, EAGAIN"},
    {"not connected, no listener: sendto(), SO_ERROR", "1, 0"},
    {"not connected, no listener, IP_RECVERR: sendto(), SO_ERROR", "1, ECONNREFUSED"},
    {"6 bytes come, then an error: recv(), recv(), recv()", "ECONNREFUSED, 6, EAGAIN"},
    {"an empty datagram, then 4 bytes: recv(), recv()", "0, 4"},
    {"connected to itself: what came before, what comes later", "1, EAGAIN"},
    {"connected to itself: sendto() another, which receives it from", "1, the same port"},
    {"a port in use towards one destination: bind() it for another", "EADDRINUSE"},
    {"three sockets share a port: the datagrams of each of 20 clients reach", "one of them"},
    {"three more replace those: the datagrams of each client reach", "the one at the same place"},
    {"sendmmsg() of three, the second too long", "1, and again from there: EMSGSIZE"},
    {"one byte waits: memory that it takes of SO_RCVBUF",
     "500 to 1000 bytes",
     {},
     "include/linux/skbuff.h SKB_TRUESIZE"},
};

/// Makes a UDP socket at the host's address; the kernel chooses the port. The capture has only TCP and shows nothing of
/// it.
Socket datagram_socket(Stage& stage, Who who, bool bound = true) {
  Descriptor made;
  stage.inside(who, [&] { made = Descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); });
  Socket socket(stage, who, std::move(made));
  if (bound) socket.bind(stage.address(who));
  return socket;
}

/// Returns two sockets that are connected to each other.
Stage::Pair datagram_pair(Stage& stage) {
  Stage::Pair pair{.client = datagram_socket(stage, Who::client), .server = datagram_socket(stage, Who::server)};
  pair.client.connect(pair.server.local());
  pair.server.connect(pair.client.local());
  return pair;
}

net::Address nobody(Stage& stage) { return datagram_socket(stage, Who::server).local(); }

std::string send_to(Stage& stage, const Socket& from, const net::Address& to) {
  std::string outcome = outcome_of(::sendto(from.fd(), "x", 1, MSG_NOSIGNAL, to.data(), to.size()));
  stage.note(from.who(), EventKind::call, "sendto(1, " + to.text() + ") = " + outcome);
  return outcome;
}

/// Waits until something can be read or an error is pending, `wait_ms` at most.
void await_event(const Socket& socket, int wait_ms = kStagePatienceMs) {
  pollfd wanted{socket.fd(), POLLIN, 0};
  ::poll(&wanted, 1, wait_ms);
}

constexpr int kNoAnswerMs = 200;

void play_datagram_errors(Stage& stage) {
  {
    stage.scene("a connected socket, no listener");
    Socket client = datagram_socket(stage, Who::client);
    client.connect(nobody(stage));
    const std::string sent = client.send(1);
    stage.see("connected, no listener: send(), recv(), recv()",
              in_order({sent, client.recv(10), client.recv(10, 0, false)}));
  }
  for (const bool told : {false, true}) {
    const std::string row =
        std::string("not connected, no listener") + (told ? ", IP_RECVERR" : "") + ": sendto(), SO_ERROR";
    stage.scene(row);
    Socket client = datagram_socket(stage, Who::client);
    if (told) client.set(IPPROTO_IP, IP_RECVERR, 1, "IP_RECVERR");
    const std::string sent = send_to(stage, client, nobody(stage));
    await_event(client, told ? kStagePatienceMs : kNoAnswerMs);
    stage.see(row, in_order({sent, client.pending_error()}));
  }
  {
    stage.scene("6 bytes come, then an error");
    auto [client, server] = datagram_pair(stage);
    server.send(6);
    client.wait_unread(6);
    server.close();
    client.send(1);
    // Waits for the error, which raises POLLERR. The 6 bytes are there already.
    pollfd wanted{client.fd(), 0, 0};
    ::poll(&wanted, 1, kStagePatienceMs);
    stage.see("6 bytes come, then an error: recv(), recv(), recv()",
              in_order({client.recv(10), client.recv(10), client.recv(10, 0, false)}));
  }
  stage.scene("an empty datagram");
  auto [client, server] = datagram_pair(stage);
  server.send(0);
  server.send(4);
  stage.see("an empty datagram, then 4 bytes: recv(), recv()", in_order({client.recv(10), client.recv(10)}));
}

void play_connected_to_itself(Stage& stage) {
  {
    stage.scene("a socket that is connected to itself");
    Socket deaf = datagram_socket(stage, Who::server);
    const net::Address at = deaf.local();
    Socket other = datagram_socket(stage, Who::client);
    send_to(stage, other, at);
    await_event(deaf);
    deaf.connect(at);
    send_to(stage, other, at);
    const std::string before = deaf.recv(10);
    await_event(deaf, kNoAnswerMs);
    stage.see("connected to itself: what came before, what comes later", in_order({before, deaf.recv(10, 0, false)}));
    const std::string sent = send_to(stage, deaf, other.local());
    sockaddr_in from{};
    socklen_t length = sizeof from;
    const auto heard = [&, &socket = other] {
      char byte = 0;
      return ::recvfrom(socket.fd(), &byte, 1, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &length) == 1;
    };
    // The ICMP error of the lost datagram may come first.
    process::eventually(heard, kStagePatience);
    stage.see("connected to itself: sendto() another, which receives it from",
              in_order({sent, net::Address(from).port() == at.port() ? "the same port" : "another port"}));
  }
  stage.scene("one pool of ports");
  Socket first = datagram_socket(stage, Who::client);
  first.connect(stage.address(Who::server, 9));
  Socket second = datagram_socket(stage, Who::client, false);
  stage.see("a port in use towards one destination: bind() it for another", second.bind(first.local()));
}

constexpr std::size_t kSharers = 3;

std::vector<Socket> sharing(Stage& stage, net::Address at, const std::string& device) {
  std::vector<Socket> all;
  for (std::size_t i = 0; i < kSharers; ++i) {
    Socket one = datagram_socket(stage, Who::server, false);
    one.set(SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
    // The kernel prefers a socket that is bound to a device.
    if (!device.empty())
      ::setsockopt(one.fd(), SOL_SOCKET, SO_BINDTODEVICE, device.data(), static_cast<socklen_t>(device.size()));
    one.bind(at);
    at = one.local();
    all.push_back(std::move(one));
  }
  return all;
}

/// Returns the index of the socket that receives each client's datagrams, three times each: "0", "2"; "?" if it
/// changes.
std::vector<std::string> heard_at(Stage& stage, const std::vector<Socket>& clients,
                                  const std::vector<Socket>& sockets) {
  std::vector<std::string> places;
  for (const Socket& client : clients) {
    std::string place;
    for (int i = 0; i < 3; ++i) {
      const net::Address to = sockets.front().local();
      ::sendto(client.fd(), "x", 1, 0, to.data(), to.size());
      std::array<pollfd, kSharers> wanted{};
      for (std::size_t at = 0; at < kSharers; ++at) wanted[at] = {sockets[at].fd(), POLLIN, 0};
      ::poll(wanted.data(), wanted.size(), kStagePatienceMs);
      for (std::size_t at = 0; at < kSharers; ++at) {
        char byte = 0;
        if (::recv(sockets[at].fd(), &byte, 1, MSG_DONTWAIT) != 1) continue;
        place = place.empty() || place == std::to_string(at) ? std::to_string(at) : "?";
      }
    }
    places.push_back(place);
  }
  stage.note(Who::server, EventKind::call, "20 clients, three datagrams each");
  return places;
}

void play_sharing(Stage& stage) {
  stage.scene("three sockets share a port");
  std::vector<Socket> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(datagram_socket(stage, Who::client));
  const auto old = sharing(stage, stage.address(Who::server), {});
  const auto before = heard_at(stage, clients, old);
  const bool steady = std::ranges::none_of(before, [](const std::string& each) { return each.empty() || each == "?"; });
  stage.see("three sockets share a port: the datagrams of each of 20 clients reach",
            steady ? "one of them" : "several");
  const auto next = sharing(stage, old.front().local(), stage.device(Who::server));
  stage.see("three more replace those: the datagrams of each client reach",
            heard_at(stage, clients, next) == before ? "the one at the same place" : "another");
}

void play_messages(Stage& stage) {
  {
    stage.scene("sendmmsg() of three, the second too long");
    const auto [client, server] = datagram_pair(stage);
    std::vector<char> data(70'000, 'x');
    std::array<iovec, 3> parts{iovec{data.data(), 1}, iovec{data.data(), data.size()}, iovec{data.data(), 1}};
    std::array<mmsghdr, 3> messages{};
    for (std::size_t i = 0; i < messages.size(); ++i) {
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const std::string first = outcome_of(::sendmmsg(client.fd(), messages.data(), 3, 0));
    const std::string again = outcome_of(::sendmmsg(client.fd(), messages.data() + 1, 2, 0));
    stage.note(Who::client, EventKind::call, "sendmmsg(3) = " + first + ", sendmmsg(2) = " + again);
    stage.see("sendmmsg() of three, the second too long", first + ", and again from there: " + again);
  }
  stage.scene("one byte waits");
  auto [client, server] = datagram_pair(stage);
  client.send(1);
  server.wait_unread(1);
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t length = sizeof memory;
  ::getsockopt(server.fd(), SOL_SOCKET, SO_MEMINFO, memory.data(), &length);
  const std::uint32_t bytes = memory[SK_MEMINFO_RMEM_ALLOC];
  stage.measured("memory that a datagram of one byte takes", std::to_string(bytes) + " bytes");
  stage.see("one byte waits: memory that it takes of SO_RCVBUF",
            bytes >= 500 && bytes <= 1000 ? "500 to 1000 bytes" : std::to_string(bytes) + " bytes");
}

void play_datagrams(Stage& stage) {
  play_datagram_errors(stage);
  play_connected_to_itself(stage);
  play_sharing(stage);
  play_messages(stage);
}

}  // namespace

const Experiment kDatagrams{
    .name = "datagrams",
    .title = "How UDP sockets report errors, and which socket receives",
    .question =
        "UDP sockets, connected and not, send to a port without a listener. A socket is connected to itself. Several "
        "sockets share a port. The capture has only TCP, so the time line shows the calls alone.",
    .table = kDatagramTable,
    .finding =
        "A connected socket gets an ICMP error once, and before the data that arrived earlier. The same one of several "
        "sockets always receives a client's datagrams. All destinations share one pool of ports.",
    .advice =
        "Continue to read after an error. Use a connected socket for each peer, so that an error belongs to one peer. "
        "When you choose SO_RCVBUF, count a small datagram as some hundred bytes.",
    .play = play_datagrams,
};

}  // namespace lastbyte::lab
