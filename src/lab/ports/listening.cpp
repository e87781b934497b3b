// Which listening socket a client reaches, and what an accepted connection inherits from it.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "lab/experiments/experiments.h"
#include "lab/stage/stage.h"
#include "net/socket/buffers.h"
#include "net/socket/newcomers.h"

namespace lastbyte::lab {
namespace {

constexpr Expectation kListenTable[] = {
    {"the exact address listens first, then the wildcard: the client reaches", "the exact address"},
    {"the wildcard listens first, then the exact address: the client reaches", "the exact address"},
    {"bound to no interface (SO_BINDTOIFINDEX): the next client reaches", "the wildcard"},
    {"bound to no interface: a handshake under way, then one byte", "accepted, 1"},
    {"bound to no interface, and nobody else listens: connect()", "ECONNREFUSED"},
    {"SO_RCVBUF and SO_SNDBUF of the listening socket: the accepted one has", "the same, the same"},
    {"SO_RCVBUF was set: the receive buffer of the accepted one grows", "no"},
    {"SO_BUF_LOCK was cleared: the receive buffer of the accepted one grows", "yes"},
    {"three sockets share a port: 12 clients connect again to three that replace them", "the same places"},
};

Socket listen_sharing(Stage& stage, const net::Address& at, const std::string& device = {}) {
  Socket listening = stage.socket(Who::server);
  listening.set(SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
  if (!device.empty())
    ::setsockopt(listening.fd(), SOL_SOCKET, SO_BINDTODEVICE, device.data(), static_cast<socklen_t>(device.size()));
  listening.bind(at);
  listening.listen(64);
  return listening;
}

/// Accepts the client and returns the index of its listening socket; the number of sockets if the client waits at none.
std::size_t accepted_by(const std::vector<Socket*>& sockets) {
  std::vector<pollfd> wanted;
  for (const Socket* each : sockets) wanted.push_back({each->fd(), POLLIN, 0});
  ::poll(wanted.data(), wanted.size(), kStagePatienceMs);
  std::size_t at = 0;
  while (at < wanted.size() && (wanted[at].revents & POLLIN) == 0) ++at;
  if (at < wanted.size()) sockets[at]->accept();
  return at;
}

net::Address wildcard(std::uint16_t port) { return *net::Address::parse("0.0.0.0", port); }

void play_specific(Stage& stage) {
  for (const bool narrow_first : {true, false}) {
    const std::string row = narrow_first ? "the exact address listens first, then the wildcard: the client reaches"
                                         : "the wildcard listens first, then the exact address: the client reaches";
    stage.scene(row);
    Socket first = listen_sharing(stage, narrow_first ? stage.address(Who::server) : wildcard(0));
    const std::uint16_t port = first.local().port();
    Socket second = listen_sharing(stage, narrow_first ? wildcard(port) : stage.address(Who::server, port));
    Socket client = stage.socket(Who::client);
    client.connect(stage.address(Who::server, port));
    const std::size_t met = accepted_by({&first, &second});
    stage.see(row, met == (narrow_first ? 0 : 1) ? "the exact address" : met < 2 ? "the wildcard" : "nobody");
  }
}

void play_no_interface(Stage& stage) {
  {
    stage.scene("a listening socket is bound to no interface");
    Socket narrow = listen_sharing(stage, stage.address(Who::server));
    // With TCP_DEFER_ACCEPT, its handshake waits for the first bytes.
    narrow.set(IPPROTO_TCP, TCP_DEFER_ACCEPT, 30, "TCP_DEFER_ACCEPT");
    const std::uint16_t port = narrow.local().port();
    Socket under_way = stage.socket(Who::client);
    under_way.connect(narrow.local());
    Socket wide = listen_sharing(stage, wildcard(port));
    net::give_way(narrow.fd());
    stage.note(Who::server, EventKind::call, "SO_BINDTOIFINDEX of the exact address: none");
    Socket next = stage.socket(Who::client);
    next.connect(stage.address(Who::server, port));
    stage.see("bound to no interface (SO_BINDTOIFINDEX): the next client reaches",
              accepted_by({&wide}) == 0 ? "the wildcard" : "nobody");
    under_way.send(1);
    Socket accepted = narrow.accept();
    stage.see("bound to no interface: a handshake under way, then one byte",
              accepted.open() ? "accepted, " + accepted.recv(10) : "not accepted");
  }
  stage.scene("bound to no interface, and nobody else listens");
  Socket alone = listen_sharing(stage, stage.address(Who::server));
  const net::Address at = alone.local();
  net::give_way(alone.fd());
  Socket client = stage.socket(Who::client);
  stage.see("bound to no interface, and nobody else listens: connect()", client.connect(at));
}

int buffer_of(const Socket& socket, int option) {
  int size = 0;
  socklen_t length = sizeof size;
  ::getsockopt(socket.fd(), SOL_SOCKET, option, &size, &length);
  return size;
}

/// Whether the accepted connection's receive buffer grows while it receives and reads much.
bool grows(Stage& stage, Socket& listening) {
  const Socket client = stage.socket(Who::client);
  // Connects without a note, and so outside of the capture, which would have megabytes.
  const net::Address to = listening.local();
  ::connect(client.fd(), to.data(), to.size());
  const Socket server = listening.accept();
  const int before = buffer_of(server, SO_RCVBUF);
  const std::vector<char> data(1 << 20, 'x');
  std::vector<char> room(1 << 20);
  for (int round = 0; round < 60; ++round) {
    ::send(client.fd(), data.data(), data.size(), MSG_NOSIGNAL);
    server.wait_unread(1);
    while (::recv(server.fd(), room.data(), room.size(), MSG_DONTWAIT) > 0) {
    }
    if (buffer_of(server, SO_RCVBUF) != before) return true;
    if (round % 4 == 3) stage.segments();  // the capture has limited room
  }
  return false;
}

void play_buffers(Stage& stage) {
  stage.scene("the buffers of a listening socket");
  constexpr int kBytes = 65'536;
  Socket listening = stage.socket(Who::server);
  listening.bind(stage.address(Who::server));
  listening.set(SOL_SOCKET, SO_RCVBUF, kBytes, "SO_RCVBUF");
  listening.set(SOL_SOCKET, SO_SNDBUF, kBytes, "SO_SNDBUF");
  listening.listen();
  {
    Socket client = stage.socket(Who::client);
    client.connect(listening.local());
    const Socket accepted = listening.accept();
    const auto compared = [&](int option) {
      return buffer_of(accepted, option) == buffer_of(listening, option) ? "the same" : "another size";
    };
    stage.see("SO_RCVBUF and SO_SNDBUF of the listening socket: the accepted one has",
              in_order({compared(SO_RCVBUF), compared(SO_SNDBUF)}));
  }
  // No capture here: megabytes would fill the page.
  stage.scene("the buffers of a listening socket, much is received");
  const std::string row = "SO_BUF_LOCK was cleared: the receive buffer of the accepted one grows";
  stage.see("SO_RCVBUF was set: the receive buffer of the accepted one grows", grows(stage, listening) ? "yes" : "no");
  if (!net::can_take_buffers_back()) {
    stage.not_observed(row, "SO_BUF_LOCK came with Linux 5.15");
    return;
  }
  net::take_buffers_back(listening.fd(), true, true);
  stage.see(row, grows(stage, listening) ? "yes" : "no");
}

/// Returns which of three listening sockets each client reaches. Each client keeps its port.
std::string places_of(Stage& stage, std::vector<Socket>& sockets, const std::vector<net::Address>& from) {
  std::string places;
  for (const net::Address& each : from) {
    Socket client = stage.socket(Who::client);
    client.set(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
    client.bind(each);
    client.linger(true, 0);  // the reset leaves no TIME_WAIT
    client.connect(stage.address(Who::server, sockets.front().local().port()));
    places += std::to_string(accepted_by({&sockets[0], &sockets[1], &sockets[2]}));
    client.close();
  }
  return places;
}

void play_places(Stage& stage) {
  stage.scene("three sockets share a port");
  std::vector<net::Address> from;
  for (std::uint16_t i = 0; i < 12; ++i)
    from.push_back(stage.address(Who::client, static_cast<std::uint16_t>(20'001 + 7 * i)));
  const auto three = [&](net::Address at, const std::string& device) {
    std::vector<Socket> all;
    for (int i = 0; i < 3; ++i) {
      all.push_back(listen_sharing(stage, at, device));
      at = all.front().local();
    }
    return all;
  };
  auto old = three(stage.address(Who::server), {});
  const std::string before = places_of(stage, old, from);
  auto next = three(old.front().local(), stage.device(Who::server));
  const std::string after = places_of(stage, next, from);
  stage.see("three sockets share a port: 12 clients connect again to three that replace them",
            before.size() == from.size() && before == after ? "the same places" : before + ", then " + after);
}

void play_listening(Stage& stage) {
  play_specific(stage);
  play_no_interface(stage);
  play_buffers(stage);
  play_places(stage);
}

}  // namespace

const Experiment kListening{
    .name = "listening",
    .title = "Which listening socket a client reaches",
    .question =
        "Two sockets listen on one port, at the exact address and at the wildcard, in either order. Then one of them "
        "is bound to an interface that does not exist. Then three sockets share a port and are replaced. A client "
        "connects each time. Last, the listening socket has buffers of a fixed size.",
    .table = kListenTable,
    .finding =
        "The exact address has precedence over the wildcard, whichever listened first. A listening socket that is "
        "bound to no interface receives no SYN, but its pending handshakes complete. Accepted connections inherit the "
        "sizes of its buffers, and TCP then never adapts them.",
    .advice =
        "To hand a port over without losing a client, make the old socket receive no more SYNs, accept the connections "
        "in its queue, and only then close it. Do not set buffer sizes on a listening socket without need.",
    .play = play_listening,
};

}  // namespace lastbyte::lab
