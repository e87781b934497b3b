// TCP Fast Open with a reset: data in the SYN, and an end before the handshake completes.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <functional>
#include <string>
#include <vector>

#include "lab/experiments/experiments.h"
#include "lab/stage/stage.h"
#include "net/socket/deaf.h"

namespace lastbyte::lab {
namespace {

constexpr Expectation kFastOpenTable[] = {
    {"100 bytes in the SYN: sendto(MSG_FASTOPEN)", "100"},
    {"100 bytes in the SYN: the client's first segment", "SYN 100 bytes"},
    {"100 bytes in the SYN: accept() before the handshake completes, state", "SYN_RECV"},
    {"100 bytes in the SYN: the server's recv() before the handshake completes", "100"},
    {"100 bytes in the SYN: the client reads the answer and the FIN", "50 bytes, FIN"},
    {"nobody listens: sendto(MSG_FASTOPEN), recv(), recv()", "100, ECONNREFUSED, 0"},
    {"nobody listens: wire", "RST"},
    {"nobody listens, TCP_FASTOPEN_CONNECT: connect(), send(), recv()", "0, 100, ECONNREFUSED"},
    {"the listener closes before accept(): recv(), recv()", "ECONNRESET, 0"},
    {"the listener closes before accept(): wire", "RST"},
    {"the server closes with the SYN's bytes unread: recv(), recv()", "ECONNRESET, 0"},
    {"the server closes with the SYN's bytes unread: wire", "RST"},
    {"the server reads, sets SO_LINGER {1,0} and closes: recv(), recv()", "ECONNRESET, 0"},
    {"the server reads, sets SO_LINGER {1,0} and closes: wire", "RST"},
    {"the same, and SYN ACK and RST are lost: the server's next accept(), recv()",
     "a connection, 100",
     {},
     "the client sends its SYN again, and then the same bytes (RFC 7413 section 2.1)"},
    {"the client resets before accept(): the server's recv(), recv(), recv()", "100, ECONNRESET, 0"},
    {"the client gives up before the SYN ACK arrives: client's wire", "RST"},
    {"the client gives up before the SYN ACK arrives: the server's accept(), recv()", "a connection, 100"},
    {"the client gives up before the SYN ACK arrives: the server's recv(), recv() later", "ECONNRESET, 0"},
};

/// Enables client and server without cookies, so that no exchange of a cookie comes first
/// (Documentation/networking/ip-sysctl.rst, tcp_fastopen 1 + 2 + 4 + 0x200).
constexpr const char* kWithoutCookies = "519";

Socket fast_listener(Stage& stage) {
  Socket listening = stage.socket(Who::server);
  listening.bind(stage.address(Who::server));
  listening.set(IPPROTO_TCP, TCP_FASTOPEN, 16, "TCP_FASTOPEN");
  listening.listen();
  return listening;
}

/// Connects and sends in one call.
std::string send_with_syn(Stage& stage, Socket& client, const net::Address& to) {
  const std::vector<char> data(100, 'x');
  const wire::Moment began = now();
  std::string outcome =
      outcome_of(::sendto(client.fd(), data.data(), data.size(), MSG_FASTOPEN | MSG_NOSIGNAL, to.data(), to.size()));
  stage.own_port(Who::client, client.local().port());
  stage.note_at(began, Who::client, EventKind::call, "sendto(100, MSG_FASTOPEN, " + to.text() + ") = " + outcome);
  return outcome;
}

std::string two_recvs(Socket& socket) {
  const std::string first = socket.recv(100);
  return first + ", " + socket.recv(100);
}

void play_answer(Stage& stage) {
  stage.scene("100 bytes in the SYN");
  Socket listening = fast_listener(stage);
  Socket client = stage.socket(Who::client);
  net::set_deaf(client.fd(), true);  // the client misses the SYN ACK
  stage.see("100 bytes in the SYN: sendto(MSG_FASTOPEN)", send_with_syn(stage, client, listening.local()));
  Socket server = listening.accept();
  stage.see("100 bytes in the SYN: accept() before the handshake completes, state", server.note_state());
  stage.see("100 bytes in the SYN: the server's recv() before the handshake completes", server.recv(200));
  std::string first = "none";
  for (const wire::Segment& each : stage.segments()) {
    first = each.text();
    break;
  }
  stage.see("100 bytes in the SYN: the client's first segment", first);
  server.send(50);
  server.shutdown(SHUT_WR);
  net::set_deaf(client.fd(), false);
  stage.see("100 bytes in the SYN: the client reads the answer and the FIN", client.read_to_end());
}

void play_refused(Stage& stage) {
  stage.scene("nobody listens");
  Socket gone = stage.listener();
  const net::Address at = gone.local();
  gone.close();
  {
    Socket client = stage.socket(Who::client);
    const std::string sent = send_with_syn(stage, client, at);
    stage.see("nobody listens: sendto(MSG_FASTOPEN), recv(), recv()", sent + ", " + two_recvs(client));
    stage.see("nobody listens: wire", stage.endings(Who::server));
  }
  stage.scene("nobody listens, TCP_FASTOPEN_CONNECT");
  stage.own_port(Who::server, at.port());
  Socket client = stage.socket(Who::client);
  client.set(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1, "TCP_FASTOPEN_CONNECT");
  const std::string connected = client.connect(at, 0);
  const std::string sent = client.send(100);
  stage.see("nobody listens, TCP_FASTOPEN_CONNECT: connect(), send(), recv()",
            connected + ", " + sent + ", " + client.recv(100));
}

/// The client's bytes came with its SYN, the handshake is complete, and the server ends by `end`.
void play_server_end(Stage& stage, const std::string& name, const std::function<void(Socket& listening)>& end) {
  stage.scene(name);
  Socket listening = fast_listener(stage);
  Socket client = stage.socket(Who::client);
  send_with_syn(stage, client, listening.local());
  client.await_connected();
  stage.segments();
  end(listening);
  stage.see(name + ": recv(), recv()", two_recvs(client));
  stage.see(name + ": wire", stage.endings(Who::server));
}

void read_and_reset(Socket& listening) {
  Socket server = listening.accept();
  server.recv(200);
  server.linger(true, 0);
  server.close();
}

void play_server_resets(Stage& stage) {
  play_server_end(stage, "the listener closes before accept()", [](Socket& listening) { listening.close(); });
  play_server_end(stage, "the server closes with the SYN's bytes unread",
                  [](Socket& listening) { listening.accept().close(); });
  play_server_end(stage, "the server reads, sets SO_LINGER {1,0} and closes", read_and_reset);
  stage.scene("SYN ACK and RST are lost");
  Socket listening = fast_listener(stage);
  Socket client = stage.socket(Who::client);
  net::set_deaf(client.fd(), true);
  send_with_syn(stage, client, listening.local());
  read_and_reset(listening);
  stage.segments();
  net::set_deaf(client.fd(), false);
  Socket again = listening.accept();
  stage.see("the same, and SYN ACK and RST are lost: the server's next accept(), recv()",
            std::string(again.open() ? "a connection" : "none") + ", " + (again.open() ? again.recv(200) : "none"));
}

void play_client_resets(Stage& stage) {
  {
    const std::string name = "the client resets before accept()";
    stage.scene(name);
    Socket listening = fast_listener(stage);
    Socket client = stage.socket(Who::client);
    send_with_syn(stage, client, listening.local());
    client.await_connected();
    client.linger(true, 0);
    client.close();
    stage.segments();
    Socket server = listening.accept();
    const std::string first = server.recv(200);
    stage.see(name + ": the server's recv(), recv(), recv()", first + ", " + two_recvs(server));
  }
  const std::string name = "the client gives up before the SYN ACK arrives";
  stage.scene(name);
  Socket listening = fast_listener(stage);
  Socket client = stage.socket(Who::client);
  net::set_deaf(client.fd(), true);
  send_with_syn(stage, client, listening.local());
  client.close();
  Socket server = listening.accept();
  stage.see(name + ": the server's accept(), recv()",
            std::string(server.open() ? "a connection" : "none") + ", " + (server.open() ? server.recv(200) : "none"));
  // The SYN ACK comes again after a second, when the client is gone.
  if (server.open()) stage.see(name + ": the server's recv(), recv() later", two_recvs(server));
  stage.see(name + ": client's wire", stage.endings(Who::client));
}

void play_fast_open(Stage& stage) {
  bool set = true;
  for (const Who who : {Who::client, Who::server}) set = stage.set_kernel(who, "tcp_fastopen", kWithoutCookies) && set;
  if (!set) {
    const std::string why = "this kernel has no tcp_fastopen, or does not let it be set";
    stage.scene("Fast Open cannot be tried");
    stage.note(Who::client, EventKind::call, why);
    for (const Expectation& each : kFastOpenTable) stage.not_observed(std::string(each.row), why);
    return;
  }
  play_answer(stage);
  play_refused(stage);
  play_server_resets(stage);
  play_client_resets(stage);
}

}  // namespace

const Experiment kFastOpen{
    .name = "fast-open",
    .title = "TCP Fast Open and a reset",
    .question =
        "A client sends 100 bytes with its SYN (MSG_FASTOPEN, TCP_FASTOPEN_CONNECT). The server resets, nobody "
        "listens, or the client gives up: before and after accept(), and before the handshake completes.",
    .table = kFastOpenTable,
    .finding =
        "The server has the request before the handshake completes. It acts on the request even if the client has gone "
        "and never gets an answer. A retransmitted SYN brings the same request twice. If nobody listens, sendto() and "
        "TCP_FASTOPEN_CONNECT succeed, and a later call reports the refusal. Resets look the same as without Fast "
        "Open.",
    .advice =
        "Accept by Fast Open only requests that may be executed twice. After a send() that connects, the first recv() "
        "or write shows whether there is a connection. Do not take the success of connect() for a connection.",
    .play = play_fast_open,
};

}  // namespace lastbyte::lab
