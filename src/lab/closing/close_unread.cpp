// A server answers and closes before it has read the whole request.
#include <sys/socket.h>

#include "lab/experiments/experiments.h"
#include "lab/stage/stage.h"

namespace lastbyte::lab {
namespace {

constexpr std::size_t kRequest = 5000;
constexpr std::size_t kAnswer = 100'000;
/// The window is too small for the whole answer: the rest waits in the server's send queue.
constexpr int kSmallWindow = 4096;

constexpr Expectation kCloseUnreadTable[] = {
    {"close() with unread input: on the wire", "RST", {}, "net/ipv4/tcp.c __tcp_close, RFC 2525 section 2.17"},
    {"close() with unread input: the client gets the answer", "not all, ECONNRESET"},
    {"close() with unread input: TcpExt:TCPAbortOnClose", "1"},
    {"shutdown(SHUT_RDWR), then close(): on the wire",
     "RST",
     {},
     "SHUT_RD discards nothing, so the input is still unread"},
    {"shutdown(SHUT_RDWR), then close(): the client gets the answer", "not all, ECONNRESET"},
    {"shutdown(SHUT_WR), read to the FIN, close(): on the wire", "FIN"},
    {"shutdown(SHUT_WR), read to the FIN, close(): the client gets the answer", "all, FIN"},
    {"read all, close(), more input comes: on the wire", "FIN, RST", {}, "net/ipv4/tcp_input.c tcp_rcv_state_process"},
    {"read all, close(), more input comes: the client's next send()", "EPIPE"},
};

std::string of_answer(const std::string& accepted, const std::string& read) {
  const std::string all = accepted + " bytes, ";
  if (read.starts_with(all)) return "all, " + read.substr(all.size());
  return "not all, " + read.substr(read.find(", ") + 2);
}

struct Answered {
  Socket client;
  Socket server;
  std::string accepted;  ///< the part of the answer that the kernel took
};

/// Returns when the whole request waits unread, and more of the answer waits than the window holds.
Answered asked_and_answered(Stage& stage) {
  Stage::Pair pair = stage.pair(kSmallWindow);
  pair.client.send(kRequest);
  pair.server.wait_unread(static_cast<int>(kRequest));
  std::string accepted = pair.server.send(kAnswer);
  return {std::move(pair.client), std::move(pair.server), std::move(accepted)};
}

void play_close_unread(Stage& stage) {
  stage.scene("close() with unread input");
  {
    auto [client, server, accepted] = asked_and_answered(stage);
    server.close();
    client.wait_reset();
    stage.see("close() with unread input: the client gets the answer", of_answer(accepted, client.read_to_end()));
    stage.see("close() with unread input: on the wire", stage.endings(Who::server));
    stage.see("close() with unread input: TcpExt:TCPAbortOnClose",
              std::to_string(stage.risen(Who::server, "TcpExt:TCPAbortOnClose")));
  }
  stage.scene("shutdown(SHUT_RDWR), then close()");
  {
    auto [client, server, accepted] = asked_and_answered(stage);
    server.shutdown(SHUT_RDWR);
    server.close();
    client.wait_reset();
    stage.see("shutdown(SHUT_RDWR), then close(): the client gets the answer",
              of_answer(accepted, client.read_to_end()));
    stage.see("shutdown(SHUT_RDWR), then close(): on the wire", stage.endings(Who::server));
  }
  stage.scene("shutdown(SHUT_WR), read to the FIN, close()");
  {
    auto [client, server, accepted] = asked_and_answered(stage);
    server.shutdown(SHUT_WR);
    stage.see("shutdown(SHUT_WR), read to the FIN, close(): the client gets the answer",
              of_answer(accepted, client.read_to_end()));
    client.close();
    server.read_to_end();
    server.close();
    stage.see("shutdown(SHUT_WR), read to the FIN, close(): on the wire", stage.endings(Who::server));
  }
  stage.scene("read all, close(), more input comes");
  {
    auto [client, server] = stage.pair();
    client.send(kRequest);
    server.wait_unread(static_cast<int>(kRequest));
    server.recv(kRequest);
    server.close();
    client.wait_hangup();
    client.send(kRequest);
    client.wait_reset();
    stage.see("read all, close(), more input comes: the client's next send()", client.send(1));
    stage.see("read all, close(), more input comes: on the wire", stage.endings(Who::server));
  }
}

}  // namespace

const Experiment kCloseUnread{
    .name = "close-unread",
    .title = "close() with unread input destroys the answer",
    .question =
        "A server reads only a part of a request, answers it, and closes. The client's window is small, so a part of "
        "the answer still waits in the server's send queue.",
    .table = kCloseUnreadTable,
    .finding =
        "close() with unread input sends a RST at once and discards the send queue. shutdown(SHUT_RDWR) before it "
        "changes nothing. shutdown(SHUT_WR) and reading up to the peer's FIN deliver everything.",
    .advice =
        "After an early answer, call shutdown(SHUT_WR), read and discard until the peer's FIN or a time limit, and "
        "only then call close(). lastbyte does this for you: it lingers (T6).",
    .play = play_close_unread,
};

}  // namespace lastbyte::lab
