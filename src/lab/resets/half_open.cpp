// A peer that vanished without a FIN or reset, orphans, and full queues.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <thread>

#include "lab/experiments/experiments.h"
#include "lab/stage/stage.h"
#include "net/socket/deaf.h"

namespace lastbyte::lab {
namespace {

constexpr Expectation kHalfOpenTable[] = {
    {"the peer is gone, TCP_USER_TIMEOUT passes: send(), recv()", "ETIMEDOUT, 0"},
    {"the peer is gone, keepalive: recv(), recv()", "ETIMEDOUT, 0"},
    {"the peer is gone, keepalive: wire", "RST"},
    {"the peer is gone: SIOCOUTQ", "10"},
    {"the peer is gone: recv() without keepalive", "EAGAIN"},
    {"the peer is gone: send()", "10"},
    {"the peer is gone: state", "ESTABLISHED"},
    {"FIN_WAIT2 of a closed socket", "FIN_WAIT2"},
    {"FIN_WAIT2 of a closed socket, after tcp_fin_timeout", "none"},
    {"FIN_WAIT2 of a socket that is still open, after tcp_fin_timeout", "FIN_WAIT2"},
    {"backlog 0: TcpExt:ListenOverflows rises", "yes"},
    {"backlog 0: the first connect()", "0"},
    {"backlog 0: the second connect()", "EINPROGRESS"},
    {"backlog 0: the second one after an accept()", "ESTABLISHED"},
    {"the peer sends to an orphan that is gone: send()", "EPIPE"},
};

void play_gone(Stage& stage) {
  stage.scene("the peer is gone, nothing is sent");
  {
    Stage::Pair pair = stage.pair();
    net::set_deaf(pair.client.fd(), true);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    stage.see("the peer is gone: recv() without keepalive", pair.server.recv(100, 0, false));
    stage.see("the peer is gone: state", pair.server.note_state());
  }
  stage.scene("the peer is gone, data is sent");
  {
    Stage::Pair pair = stage.pair();
    pair.server.set(IPPROTO_TCP, TCP_USER_TIMEOUT, 800, "TCP_USER_TIMEOUT");
    net::set_deaf(pair.client.fd(), true);
    stage.see("the peer is gone: send()", pair.server.send(10));
    stage.see("the peer is gone: SIOCOUTQ", std::to_string(pair.server.unacknowledged()));
    pair.server.wait_hangup();
    const std::string first = pair.server.send(10);
    stage.see("the peer is gone, TCP_USER_TIMEOUT passes: send(), recv()", first + ", " + pair.server.recv(100));
  }
  stage.scene("the peer is gone, keepalive asks");
  {
    Stage::Pair pair = stage.pair();
    for (const auto& [option, value, name] :
         {std::tuple(TCP_KEEPIDLE, 1, "TCP_KEEPIDLE"), std::tuple(TCP_KEEPINTVL, 1, "TCP_KEEPINTVL"),
          std::tuple(TCP_KEEPCNT, 2, "TCP_KEEPCNT")})
      pair.server.set(IPPROTO_TCP, option, value, name);
    pair.server.set(SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE");
    net::set_deaf(pair.client.fd(), true);
    const std::string first = pair.server.recv(100);
    stage.see("the peer is gone, keepalive: recv(), recv()", first + ", " + pair.server.recv(100));
    stage.see("the peer is gone, keepalive: wire", stage.endings(Who::server));
  }
}

void play_orphans(Stage& stage) {
  // Long enough to be seen.
  stage.set_kernel(Who::server, "tcp_fin_timeout", "3");
  stage.scene("FIN_WAIT2 of a socket that was closed");
  Stage::Pair closed = stage.pair();
  Stage::Pair open = stage.pair();
  const std::uint16_t port = closed.server.local().port();
  closed.server.close();
  stage.see("FIN_WAIT2 of a closed socket", stage.await_states(Who::server, port, "FIN_WAIT2"));
  const std::uint16_t open_port = open.server.local().port();
  open.server.shutdown(SHUT_WR);
  stage.await_states(Who::server, open_port, "FIN_WAIT2");
  stage.see("FIN_WAIT2 of a closed socket, after tcp_fin_timeout", stage.await_states(Who::server, port, "none"));
  stage.see("FIN_WAIT2 of a socket that is still open, after tcp_fin_timeout", open.server.note_state());
  // The peer may still send; the kernel answers with a reset.
  closed.client.send(10);
  closed.client.wait_reset();
  stage.see("the peer sends to an orphan that is gone: send()", closed.client.send(10));
  stage.set_kernel(Who::server, "tcp_fin_timeout", "60");
}

void play_full_queue(Stage& stage) {
  stage.scene("the queue of a listening socket is full");
  Socket listening = stage.listener(Who::server, 0);
  Socket first = stage.socket(Who::client);
  stage.see("backlog 0: the first connect()", first.connect(listening.local()));
  Socket second = stage.socket(Who::client);
  stage.see("backlog 0: the second connect()", second.connect(listening.local(), 300));
  stage.see("backlog 0: TcpExt:ListenOverflows rises",
            stage.risen(Who::server, "TcpExt:ListenOverflows") > 0 ? "yes" : "no");
  Socket accepted = listening.accept();
  // The client retransmits its SYN after a second.
  second.await_connected();
  stage.see("backlog 0: the second one after an accept()", second.note_state());
}

void play_half_open(Stage& stage) {
  play_gone(stage);
  play_orphans(stage);
  play_full_queue(stage);
}

}  // namespace

const Experiment kHalfOpen{
    .name = "half-open",
    .title = "Vanished peers, orphans, and full queues",
    .question =
        "A peer vanishes without a FIN: while nothing is sent and while something is, with keepalive and with "
        "TCP_USER_TIMEOUT. A closed and an open socket wait in FIN_WAIT2. A listening socket's queue is full.",
    .table = kHalfOpenTable,
    .finding =
        "Without keepalive and without data under way, the kernel never reports that a peer has vanished. FIN_WAIT2 "
        "ends by itself only for closed sockets. The kernel drops a SYN for a full queue, and the client sends it "
        "again.",
    .advice =
        "Set SO_KEEPALIVE with TCP_KEEPIDLE. Limit half-closed connections yourself: tcp_fin_timeout does not. Watch "
        "TcpExt:ListenOverflows. lastbyte does the first two (T8).",
    .play = play_half_open,
};

}  // namespace lastbyte::lab
