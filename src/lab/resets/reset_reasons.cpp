// Each way to cause a reset, and what the other side's calls return.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>

#include "lab/experiments/experiments.h"
#include "lab/stage/stage.h"
#include "net/socket/deaf.h"

namespace lastbyte::lab {
namespace {

constexpr Expectation kResetTable[] = {
    {"close() with unread input: counters", "TCPAbortOnClose"},
    {"close() with unread input: recv(), recv(), recv()", "ECONNRESET, 0, 0"},
    {"close() with unread input: send(), send(), recv()", "ECONNRESET, EPIPE, 0"},
    {"close() with unread input: the kernel's reason", "TCP_ABORT_ON_CLOSE", {}, "include/net/rstreason.h"},
    {"close() with unread input: wire", "RST"},
    {"SO_LINGER {1,0} and close(): counters", "TCPAbortOnData"},
    {"SO_LINGER {1,0} and close(): recv(), recv(), recv()", "ECONNRESET, 0, 0"},
    {"SO_LINGER {1,0} and close(): send(), send(), recv()", "ECONNRESET, EPIPE, 0"},
    {"SO_LINGER {1,0} and close(): the kernel's reason", "TCP_STATE", {}, "include/net/rstreason.h"},
    {"SO_LINGER {1,0} and close(): wire", "RST"},
    {"connect(AF_UNSPEC): counters", "none"},
    {"connect(AF_UNSPEC): recv(), recv(), recv()", "ECONNRESET, 0, 0"},
    {"connect(AF_UNSPEC): send(), send(), recv()", "ECONNRESET, EPIPE, 0"},
    {"connect(AF_UNSPEC): the kernel's reason", "TCP_STATE", {}, "include/net/rstreason.h"},
    {"connect(AF_UNSPEC): wire", "RST"},
    {"data after close(): counters", "TCPAbortOnData"},
    {"data after close(): recv(), recv(), recv()", "0, 0, 0"},
    {"data after close(): send(), send(), recv()", "EPIPE, EPIPE, 0"},
    {"data after close(): the kernel's reason",
     "TCP_ABORT_ON_DATA",
     {},
     "the data acknowledges the FIN: net/ipv4/tcp_input.c tcp_rcv_state_process"},
    {"data after close(), whose FIN was acknowledged before: the kernel's reason",
     "TCP_TIMEWAIT_SOCKET",
     {},
     "a small socket replaces the one in FIN_WAIT2: net/ipv4/tcp_minisocks.c tcp_timewait_state_process"},
    {"data after close(): wire", "FIN, RST"},
    {"data after shutdown(SHUT_RDWR): counters", "TCPAbortOnData"},
    {"data after shutdown(SHUT_RDWR): recv(), recv(), recv()", "0, 0, 0"},
    {"data after shutdown(SHUT_RDWR): send(), send(), recv()", "EPIPE, EPIPE, 0"},
    {"data after shutdown(SHUT_RDWR): the kernel's reason", "TCP_ABORT_ON_DATA", {}, "include/net/rstreason.h"},
    {"data after shutdown(SHUT_RDWR): wire", "FIN, RST"},
    {"data for a socket that has vanished: counters", "none"},
    {"data for a socket that has vanished: recv(), recv(), recv()", "ECONNRESET, 0, 0"},
    {"data for a socket that has vanished: send(), send(), recv()", "ECONNRESET, EPIPE, 0"},
    {"data for a socket that has vanished: the kernel's reason", "NO_SOCKET", {}, "include/net/rstreason.h"},
    {"data for a socket that has vanished: wire", "RST"},
    {"nobody listens: connect()", "ECONNREFUSED"},
    {"nobody listens: the kernel's reason", "NO_SOCKET"},
    {"nobody listens: wire", "RST"},
    {"the queue is full, tcp_abort_on_overflow 0: the client's connect()", "0"},
    {"the queue is full, tcp_abort_on_overflow 0: wire", "nothing"},
    {"the queue is full, tcp_abort_on_overflow 1: the client's connect()", "ECONNRESET"},
    {"the queue is full, tcp_abort_on_overflow 1: the kernel's reason", "INVALID_SYN"},
    {"the queue is full, tcp_abort_on_overflow 1: wire", "RST"},
    {"TCP_USER_TIMEOUT, window 0: the client's last read", "ECONNRESET"},
    {"TCP_USER_TIMEOUT, window 0: the server's SO_ERROR", "ETIMEDOUT"},
    {"TCP_USER_TIMEOUT, window 0: the kernel's reason", "NO_SOCKET"},
    {"TCP_USER_TIMEOUT, window 0: wire", "RST"},
    {"a listener with a queued connection closes: recv(), recv()", "ECONNRESET, 0"},
    {"a listener with a queued connection closes: the kernel's reason", "TCP_STATE"},
    {"a listener with a queued connection closes: wire", "RST"},
    {"keepalive: the server's recv(), recv()", "ETIMEDOUT, 0"},
    {"keepalive: the kernel's reason", "TCP_KEEPALIVE_TIMEOUT"},
    {"keepalive: wire", "RST"},
};

/// The server's part in each way. The client receives the reset.
void reset_by_close(Stage::Pair& pair) {
  pair.client.send(10);
  pair.server.wait_unread(10);
  pair.server.close();
}

void reset_by_linger(Stage::Pair& pair) {
  pair.server.linger(true, 0);
  pair.server.close();
}

void reset_by_disconnect(Stage::Pair& pair) {
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  ::connect(pair.server.fd(), &nobody, sizeof nobody);
}

/// The socket vanishes without a FIN or reset, as after the crash and restart of its host (TCP_REPAIR, CAP_NET_ADMIN).
void vanish(Stage::Pair& pair) {
  const int on = 1;
  ::setsockopt(pair.server.fd(), IPPROTO_TCP, TCP_REPAIR, &on, sizeof on);
  pair.server.close();
  pair.client.send(10);
}

void data_after_close(Stage::Pair& pair) {
  // So that the data is what acknowledges the FIN, however late it comes.
  pair.server.hear_data_alone();
  pair.server.close();
  pair.client.wait_hangup();
  pair.client.send(10);
}

void data_after_shutdown_both(Stage::Pair& pair) {
  pair.server.shutdown(SHUT_RDWR);
  pair.client.wait_hangup();
  pair.client.send(10);
}

struct WayToReset {
  const char* name;
  void (*reset)(Stage::Pair& pair);
};
constexpr WayToReset kWaysToReset[] = {
    {"close() with unread input", reset_by_close},
    {"SO_LINGER {1,0} and close()", reset_by_linger},
    {"connect(AF_UNSPEC)", reset_by_disconnect},
    {"data after close()", data_after_close},
    {"data after shutdown(SHUT_RDWR)", data_after_shutdown_both},
    {"data for a socket that has vanished", vanish},
};

/// Returns the kernel's counters of resets that rose.
std::string reset_counters(Stage& stage, Who who) {
  std::string out;
  for (const char* each : {"TcpExt:TCPAbortOnData", "TcpExt:TCPAbortOnClose", "TcpExt:TCPAbortOnTimeout",
                           "TcpExt:TCPAbortOnLinger", "TcpExt:TCPAbortOnMemory", "TcpExt:ListenOverflows"}) {
    if (stage.risen(who, each) != 0) out += (out.empty() ? "" : ", ") + std::string(each).substr(7);
  }
  return out.empty() ? "none" : out;
}

void play_way(Stage& stage, const WayToReset& way) {
  const std::string name = way.name;
  stage.scene(name);
  {
    Stage::Pair pair = stage.pair();
    way.reset(pair);
    pair.client.wait_reset();
    const std::string first = pair.client.recv(100);
    const std::string second = pair.client.recv(100);
    const std::string third = pair.client.recv(100);
    stage.see(name + ": recv(), recv(), recv()", first + ", " + second + ", " + third);
    stage.see(name + ": wire", stage.endings(Who::server));
    stage.see(name + ": counters", reset_counters(stage, Who::server));
    stage.see_reset_reason(name + ": the kernel's reason", Who::server);
  }
  stage.scene(name + ", the client sends first");
  Stage::Pair pair = stage.pair();
  way.reset(pair);
  pair.client.wait_reset();
  const std::string first = pair.client.send(1);
  const std::string second = pair.client.send(1);
  const std::string third = pair.client.recv(100);
  stage.see(name + ": send(), send(), recv()", first + ", " + second + ", " + third);
}

void play_data_for_small_socket(Stage& stage) {
  const std::string name = "data after close(), whose FIN was acknowledged before";
  stage.scene(name);
  Stage::Pair pair = stage.pair();
  const std::uint16_t port = pair.server.local().port();
  pair.server.shutdown(SHUT_WR);
  pair.client.wait_hangup();
  stage.await_states(Who::server, port, "FIN_WAIT2");
  pair.server.close();
  pair.client.send(10);
  pair.client.wait_reset();
  stage.see_reset_reason(name + ": the kernel's reason", Who::server);
}

void play_refusals(Stage& stage) {
  stage.scene("nobody listens");
  {
    Socket gone = stage.listener();
    const net::Address at = gone.local();
    gone.close();
    Socket client = stage.socket(Who::client);
    stage.see("nobody listens: connect()", client.connect(at));
    stage.see("nobody listens: wire", stage.endings(Who::server));
    stage.see_reset_reason("nobody listens: the kernel's reason", Who::server);
  }
  stage.scene("the listening socket is closed with a connection in its queue");
  {
    Socket listening = stage.listener();
    Socket client = stage.socket(Who::client);
    client.connect(listening.local());
    client.send(10);
    client.wait_acknowledged();
    listening.close();
    client.wait_reset();
    const std::string first = client.recv(100);
    stage.see("a listener with a queued connection closes: recv(), recv()", first + ", " + client.recv(100));
    stage.see("a listener with a queued connection closes: wire", stage.endings(Who::server));
    stage.see_reset_reason("a listener with a queued connection closes: the kernel's reason", Who::server);
  }
  for (const bool abort : {false, true}) {
    const std::string name = std::string("the queue is full, tcp_abort_on_overflow ") + (abort ? "1" : "0");
    stage.scene(name);
    stage.set_kernel(Who::server, "tcp_abort_on_overflow", abort ? "1" : "0");
    Socket listening = stage.listener(Who::server, 0);
    // The first client's handshake hangs, because it does not receive the SYN ACK. Meanwhile the second client takes
    // the only place in the queue. The last step of the first handshake then finds no room (net/ipv4/tcp_ipv4.c
    // tcp_v4_syn_recv_sock).
    Socket first = stage.socket(Who::client);
    net::set_deaf(first.fd(), true);
    first.connect(listening.local(), 0);
    Socket second = stage.socket(Who::client);
    second.connect(listening.local());
    net::set_deaf(first.fd(), false);
    first.await_connected();
    stage.segments();
    stage.see(name + ": the client's connect()", first.state() == "ESTABLISHED" ? "0" : first.pending_error());
    stage.see(name + ": wire", stage.endings(Who::server));
    if (abort) stage.see_reset_reason(name + ": the kernel's reason", Who::server);
    stage.set_kernel(Who::server, "tcp_abort_on_overflow", "0");
  }
}

void play_timeouts(Stage& stage) {
  stage.scene("keepalive finds a peer that is gone");
  {
    Stage::Pair pair = stage.pair();
    pair.server.set(SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE");
    pair.server.set(IPPROTO_TCP, TCP_KEEPIDLE, 1, "TCP_KEEPIDLE");
    pair.server.set(IPPROTO_TCP, TCP_KEEPINTVL, 1, "TCP_KEEPINTVL");
    pair.server.set(IPPROTO_TCP, TCP_KEEPCNT, 1, "TCP_KEEPCNT");
    net::set_deaf(pair.client.fd(), true);
    const std::string first = pair.server.recv(100);
    stage.see("keepalive: the server's recv(), recv()", first + ", " + pair.server.recv(100));
    stage.see("keepalive: wire", stage.endings(Who::server));
    stage.see_reset_reason("keepalive: the kernel's reason", Who::server);
  }
  stage.scene("TCP_USER_TIMEOUT against a window of zero");
  {
    Stage::Pair pair = stage.pair(4096);
    pair.server.set(IPPROTO_TCP, TCP_USER_TIMEOUT, 600, "TCP_USER_TIMEOUT");
    pair.server.fill();
    // The peer answers every probe, but reads nothing.
    const bool ended = pair.server.wait_hangup();
    stage.see("TCP_USER_TIMEOUT, window 0: the server's SO_ERROR", ended ? pair.server.pending_error() : "none");
    const std::string got = pair.client.read_to_end();
    stage.see("TCP_USER_TIMEOUT, window 0: the client's last read", got.substr(got.find(", ") + 2));
    stage.see("TCP_USER_TIMEOUT, window 0: wire", stage.endings(Who::server));
    stage.see_reset_reason("TCP_USER_TIMEOUT, window 0: the kernel's reason", Who::server);
  }
}

void play_reset_reasons(Stage& stage) {
  for (const WayToReset& each : kWaysToReset) play_way(stage, each);
  play_data_for_small_socket(stage);
  play_refusals(stage);
  play_timeouts(stage);
}

}  // namespace

const Experiment kResetReasons{
    .name = "reset-reasons",
    .title = "Every way to cause a reset, and what the other side's calls return",
    .question =
        "One side resets the connection in each way that the kernel knows. The other side calls recv() three times, or "
        "send() twice and then recv().",
    .table = kResetTable,
    .finding =
        "The kernel reports the error of a reset once, to the first call. After send() took it, recv() returns 0, "
        "which looks like a FIN. If a FIN came before the reset, send() returns EPIPE and recv() returns no error.",
    .advice =
        "Keep the first error that any call on a socket returns, and never take a recv() of 0 after an error for a "
        "clean end. lastbyte keeps the error (T10).",
    .play = play_reset_reasons,
};

}  // namespace lastbyte::lab
