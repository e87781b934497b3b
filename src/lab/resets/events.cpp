// How epoll and SIOCOUTQ report endings.
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "base/descriptor.h"
#include "lab/experiments/experiments.h"
#include "lab/stage/edges.h"
#include "lab/stage/stage.h"
#include "net/socket/deaf.h"

namespace lastbyte::lab {
namespace {

constexpr Expectation kEventsTable[] = {
    {"the peer's FIN: edge", "IN OUT RDHUP"},
    {"a reset: edge", "IN OUT RDHUP HUP ERR"},
    {"a reset: once the error is taken", "IN OUT RDHUP HUP"},
    {"a reset: shutdown()", "ENOTCONN"},
    {"a reset: shutdown(), then recv()", "ENOTCONN, ECONNRESET"},
    {"data is acknowledged: edge", "none"},
    {"our FIN is acknowledged, the peer ended first: edge", "IN OUT RDHUP HUP"},
    {"our FIN is acknowledged, we ended first: edge", "OUT"},
    {"our FIN is acknowledged: SIOCOUTQ", "0"},
    {"close() with an unread FIN: wire", "FIN"},
    {"1000 bytes and a FIN: recv(NULL, MSG_TRUNC) twice", "1000, 0"},
    {"1000 bytes, then a reset by the peer: SIOCOUTQ", "1000"},
    {"a connection is made: edge", "OUT"},
    {"a connection is refused: edge", "IN OUT RDHUP HUP ERR"},
    {"a lone urgent byte: edge", "PRI OUT"},
    {"an idle socket: edges", "OUT, none"},
    {"connect() to a local-range port without a listener reaches the socket itself", "yes, ESTABLISHED"},
    {"our FIN is not acknowledged: SIOCOUTQ", "1"},
    {"our own shutdown(): edge", "OUT"},
    {"the peer reads all of a full queue, after EAGAIN: edge", "OUT"},
    {"6 bytes, an urgent one, 6 bytes, a FIN: splice(), splice()", "6, 0", {}, "net/ipv4/tcp.c tcp_read_sock"},
    {"6 bytes, an urgent one, 6 bytes, a FIN: then recv(), recv() in line", "7, 0"},
    {"two small writes before any acknowledgement: unsent after each",
     "0, 10",
     {},
     "net/ipv4/tcp_output.c tcp_nagle_check"},
    {"two small writes before any acknowledgement: unsent after TCP_NODELAY", "0"},
};

void play_end_edges(Stage& stage) {
  {
    stage.scene("the peer's FIN");
    Stage::Pair pair = stage.pair();
    Edges edges(pair.client.fd());
    const std::string first = edges.next();
    stage.see("an idle socket: edges", first + ", " + edges.next(kNoEdgeMs));
    pair.server.close();
    stage.see("the peer's FIN: edge", edges.next());
  }
  {
    stage.scene("a reset");
    Stage::Pair pair = stage.pair();
    Edges edges(pair.client.fd());
    edges.settle();
    pair.server.linger(true, 0);
    pair.server.close();
    stage.see("a reset: edge", edges.next());
    pair.client.pending_error();
    stage.see("a reset: once the error is taken", Edges(pair.client.fd()).next());
    const std::string how = pair.client.shutdown(SHUT_WR);
    stage.see("a reset: shutdown()", how);
  }
  {
    stage.scene("shutdown() after a reset that nobody has read");
    Stage::Pair pair = stage.pair();
    pair.server.linger(true, 0);
    pair.server.close();
    pair.client.wait_hangup();
    const std::string how = pair.client.shutdown(SHUT_WR);
    stage.see("a reset: shutdown(), then recv()", how + ", " + pair.client.recv(100));
  }
}

void play_own_edges(Stage& stage) {
  {
    stage.scene("data is acknowledged");
    Stage::Pair pair = stage.pair();
    Edges edges(pair.client.fd());
    edges.settle();
    pair.client.send(10);
    pair.client.wait_acknowledged();
    stage.see("data is acknowledged: edge", edges.next(kNoEdgeMs));
  }
  {
    stage.scene("our FIN is acknowledged, we end first");
    Stage::Pair pair = stage.pair();
    Edges edges(pair.client.fd());
    edges.settle();
    net::set_deaf(pair.server.fd(), true);
    pair.client.shutdown(SHUT_WR);
    stage.see("our own shutdown(): edge", edges.next());
    stage.see("our FIN is not acknowledged: SIOCOUTQ", std::to_string(pair.client.unacknowledged()));
    net::set_deaf(pair.server.fd(), false);
    // The peer's FIN was lost, and comes again after 200 ms.
    stage.see("our FIN is acknowledged, we ended first: edge", edges.next());
    stage.see("our FIN is acknowledged: SIOCOUTQ", std::to_string(pair.client.unacknowledged()));
  }
  {
    stage.scene("our FIN is acknowledged, the peer ended first");
    Stage::Pair pair = stage.pair();
    pair.server.shutdown(SHUT_WR);
    pair.client.read_to_end();
    net::set_deaf(pair.server.fd(), true);
    Edges edges(pair.client.fd());
    edges.settle();
    pair.client.shutdown(SHUT_WR);
    edges.settle();
    net::set_deaf(pair.server.fd(), false);
    stage.see("our FIN is acknowledged, the peer ended first: edge", edges.next());
  }
  {
    stage.scene("a reset discards what was not acknowledged");
    Stage::Pair pair = stage.pair();
    net::set_deaf(pair.server.fd(), true);
    pair.client.send(1000);
    pair.server.linger(true, 0);
    pair.server.close();
    pair.client.wait_hangup();
    stage.see("1000 bytes, then a reset by the peer: SIOCOUTQ", std::to_string(pair.client.unacknowledged()));
  }
}

int unsent(const Socket& socket) {
  int bytes = 0;
  ::ioctl(socket.fd(), SIOCOUTQNSD, &bytes);
  return bytes;
}

void play_queues(Stage& stage) {
  {
    stage.scene("a full queue");
    Stage::Pair pair = stage.pair(0, 4096);
    Edges edges(pair.client.fd());
    pair.client.fill();
    edges.settle();
    pair.client.send(1);
    for (int looks = 0; pair.client.unacknowledged() != 0 && looks < 5000; ++looks) {
      while (::recv(pair.server.fd(), nullptr, 1U << 30U, MSG_TRUNC) > 0) {
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    stage.see("the peer reads all of a full queue, after EAGAIN: edge", edges.next());
  }
  {
    stage.scene("two small writes");
    Stage::Pair pair = stage.pair();
    net::set_deaf(pair.client.fd(), true);  // the client misses all acknowledgements
    pair.client.send(10);
    const std::string first = std::to_string(unsent(pair.client));
    pair.client.send(10);
    stage.see("two small writes before any acknowledgement: unsent after each",
              in_order({first, std::to_string(unsent(pair.client))}));
    pair.client.set(IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
    stage.see("two small writes before any acknowledgement: unsent after TCP_NODELAY",
              std::to_string(unsent(pair.client)));
  }
}

void play_connect_edges(Stage& stage) {
  stage.scene("a connection attempt");
  Socket listening = stage.listener();
  Socket made = stage.socket(Who::client);
  made.connect(listening.local(), 0);
  stage.see("a connection is made: edge", Edges(made.fd()).next());
  const net::Address at = listening.local();
  listening.close();
  Socket refused = stage.socket(Who::client);
  refused.connect(at, 0);
  stage.see("a connection is refused: edge", Edges(refused.fd()).next());
}

void play_rare_reads(Stage& stage) {
  {
    stage.scene("an urgent byte");
    Stage::Pair pair = stage.pair();
    Edges edges(pair.client.fd());
    edges.settle();
    pair.server.send(1, MSG_OOB);
    stage.see("a lone urgent byte: edge", edges.next());
  }
  {
    stage.scene("splice() and an urgent byte");
    Stage::Pair pair = stage.pair();
    pair.server.send(6);
    pair.server.send(1, MSG_OOB);
    pair.server.send(6);
    pair.server.shutdown(SHUT_WR);
    pair.client.wait_hangup();
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return;
    const Descriptor out(ends[0]);
    const Descriptor in(ends[1]);
    const auto splice = [&, &client = pair.client] {
      const std::string outcome =
          outcome_of(::splice(client.fd(), nullptr, in.get(), nullptr, 4096, SPLICE_F_NONBLOCK));
      stage.note(Who::client, EventKind::call, "splice() = " + outcome);
      return outcome;
    };
    stage.see("6 bytes, an urgent one, 6 bytes, a FIN: splice(), splice()", in_order({splice(), splice()}));
    pair.client.set(SOL_SOCKET, SO_OOBINLINE, 1, "SO_OOBINLINE");
    stage.see("6 bytes, an urgent one, 6 bytes, a FIN: then recv(), recv() in line",
              in_order({pair.client.recv(100), pair.client.recv(100)}));
  }
  {
    stage.scene("recv(NULL, MSG_TRUNC)");
    Stage::Pair pair = stage.pair();
    pair.server.send(1000);
    pair.server.close();
    pair.client.wait_hangup();
    const auto discard = [&, &client = pair.client] {
      const std::string outcome = outcome_of(::recv(client.fd(), nullptr, 1 << 20, MSG_TRUNC));
      stage.note(Who::client, EventKind::call, "recv(NULL, 1048576, MSG_TRUNC) = " + outcome);
      return outcome;
    };
    const std::string first = discard();
    stage.see("1000 bytes and a FIN: recv(NULL, MSG_TRUNC) twice", first + ", " + discard());
  }
  {
    stage.scene("close() with an unread FIN");
    Stage::Pair pair = stage.pair();
    pair.client.shutdown(SHUT_WR);
    pair.server.wait_hangup();
    pair.server.close();
    stage.see("close() with an unread FIN: wire", stage.endings(Who::server));
  }
}

/// The local range has one port: the one that the socket connects to.
void play_self_connect(Stage& stage) {
  stage.scene("a socket connects to itself");
  stage.set_kernel(Who::client, "ip_local_port_range", "44444 44445");
  std::string seen = "no";
  // The kernel alternates between odd and even ports.
  for (int attempt = 0; attempt < 4 && seen == "no"; ++attempt) {
    Socket lonely = stage.socket(Who::client);
    const net::Address at = stage.address(Who::client, 44444);
    if (lonely.connect(at) == "0" && lonely.local() == at) seen = "yes, " + lonely.note_state();
  }
  stage.see("connect() to a local-range port without a listener reaches the socket itself", seen);
}

void play_events(Stage& stage) {
  play_end_edges(stage);
  play_own_edges(stage);
  play_queues(stage);
  play_connect_edges(stage);
  play_rare_reads(stage);
  play_self_connect(stage);
}

}  // namespace

const Experiment kEvents{
    .name = "events",
    .title = "How epoll and SIOCOUTQ report endings",
    .question =
        "Edge-triggered epoll watches a socket while its peer ends or resets, while its own data and FIN are "
        "acknowledged, and while it connects.",
    .table = kEventsTable,
    .finding =
        "A FIN and a reset differ in HUP and ERR. The acknowledgement of a FIN raises an edge, that of data does not. "
        "SIOCOUTQ returns the number of bytes that were not acknowledged, even after a reset.",
    .advice =
        "Request EPOLLRDHUP, and check HUP and ERR before you read. To learn that data has arrived, read SIOCOUTQ by a "
        "timer: no event reports it. lastbyte does so before it passes a reset on (T4).",
    .play = play_events,
};

}  // namespace lastbyte::lab
