// shutdown() and close() in every state of the two queues: what each sends, and what each side can still do.
#include <sys/socket.h>

#include <string>

#include "lab/experiments/experiments.h"
#include "lab/stage/stage.h"

namespace lastbyte::lab {
namespace {

constexpr std::size_t kShutdownUnread = 100;
constexpr int kShutdownWindow = 4096;
/// How long to wait for a peer that gets no end.
constexpr int kNothingComesMs = 150;

constexpr Expectation kShutdownTable[] = {
    {"shutdown(SHUT_RD), input unread, output waits, in ESTABLISHED",
     "wire: nothing; the peer reads all, then nothing; then recv() 100, send() EAGAIN"},
    {"shutdown(SHUT_RD), input unread, output waits, in CLOSE_WAIT",
     "wire: nothing; the peer reads all, then nothing; then recv() 100, send() EAGAIN"},
    {"shutdown(SHUT_RD), input unread, all sent, in ESTABLISHED",
     "wire: nothing; the peer reads all, then nothing; then recv() 100, send() 100"},
    {"shutdown(SHUT_RD), input unread, all sent, in CLOSE_WAIT",
     "wire: nothing; the peer reads all, then nothing; then recv() 100, send() 100"},
    {"shutdown(SHUT_RD), all read, output waits, in ESTABLISHED",
     "wire: nothing; the peer reads all, then nothing; then recv() 0, send() EAGAIN"},
    {"shutdown(SHUT_RD), all read, output waits, in CLOSE_WAIT",
     "wire: nothing; the peer reads all, then nothing; then recv() 0, send() EAGAIN"},
    {"shutdown(SHUT_RD), all read, all sent, in ESTABLISHED",
     "wire: nothing; the peer reads all, then nothing; then recv() 0, send() 100"},
    {"shutdown(SHUT_RD), all read, all sent, in CLOSE_WAIT",
     "wire: nothing; the peer reads all, then nothing; then recv() 0, send() 100"},
    {"shutdown(SHUT_WR), input unread, output waits, in ESTABLISHED",
     "wire: FIN; the peer reads all, FIN; then recv() 100, send() EPIPE"},
    {"shutdown(SHUT_WR), input unread, output waits, in CLOSE_WAIT",
     "wire: FIN; the peer reads all, FIN; then recv() 100, send() EPIPE"},
    {"shutdown(SHUT_WR), input unread, all sent, in ESTABLISHED",
     "wire: FIN; the peer reads all, FIN; then recv() 100, send() EPIPE"},
    {"shutdown(SHUT_WR), input unread, all sent, in CLOSE_WAIT",
     "wire: FIN; the peer reads all, FIN; then recv() 100, send() EPIPE"},
    {"shutdown(SHUT_WR), all read, output waits, in ESTABLISHED",
     "wire: FIN; the peer reads all, FIN; then recv() EAGAIN, send() EPIPE"},
    {"shutdown(SHUT_WR), all read, output waits, in CLOSE_WAIT",
     "wire: FIN; the peer reads all, FIN; then recv() 0, send() EPIPE"},
    {"shutdown(SHUT_WR), all read, all sent, in ESTABLISHED",
     "wire: FIN; the peer reads all, FIN; then recv() EAGAIN, send() EPIPE"},
    {"shutdown(SHUT_WR), all read, all sent, in CLOSE_WAIT",
     "wire: FIN; the peer reads all, FIN; then recv() 0, send() EPIPE"},
    {"shutdown(SHUT_RDWR), input unread, output waits, in ESTABLISHED",
     "wire: FIN; the peer reads all, FIN; then recv() 100, send() EPIPE"},
    {"shutdown(SHUT_RDWR), input unread, output waits, in CLOSE_WAIT",
     "wire: FIN; the peer reads all, FIN; then recv() 100, send() EPIPE"},
    {"shutdown(SHUT_RDWR), input unread, all sent, in ESTABLISHED",
     "wire: FIN; the peer reads all, FIN; then recv() 100, send() EPIPE"},
    {"shutdown(SHUT_RDWR), input unread, all sent, in CLOSE_WAIT",
     "wire: FIN; the peer reads all, FIN; then recv() 100, send() EPIPE"},
    {"shutdown(SHUT_RDWR), all read, output waits, in ESTABLISHED",
     "wire: FIN; the peer reads all, FIN; then recv() 0, send() EPIPE"},
    {"shutdown(SHUT_RDWR), all read, output waits, in CLOSE_WAIT",
     "wire: FIN; the peer reads all, FIN; then recv() 0, send() EPIPE"},
    {"shutdown(SHUT_RDWR), all read, all sent, in ESTABLISHED",
     "wire: FIN; the peer reads all, FIN; then recv() 0, send() EPIPE"},
    {"shutdown(SHUT_RDWR), all read, all sent, in CLOSE_WAIT",
     "wire: FIN; the peer reads all, FIN; then recv() 0, send() EPIPE"},
    {"close(), input unread, output waits, in ESTABLISHED", "wire: RST; the peer reads not all, ECONNRESET"},
    {"close(), input unread, output waits, in CLOSE_WAIT", "wire: RST; the peer reads not all, ECONNRESET"},
    {"close(), input unread, all sent, in ESTABLISHED", "wire: RST; the peer reads all, ECONNRESET"},
    {"close(), input unread, all sent, in CLOSE_WAIT", "wire: RST; the peer reads all, ECONNRESET"},
    {"close(), all read, output waits, in ESTABLISHED", "wire: FIN; the peer reads all, FIN"},
    {"close(), all read, output waits, in CLOSE_WAIT", "wire: FIN; the peer reads all, FIN"},
    {"close(), all read, all sent, in ESTABLISHED", "wire: FIN; the peer reads all, FIN"},
    {"close(), all read, all sent, in CLOSE_WAIT", "wire: FIN; the peer reads all, FIN"},
};

struct ShutdownCase {
  const char* call;
  int how;  ///< -1: close()
};
constexpr ShutdownCase kShutdownCases[] = {{"shutdown(SHUT_RD)", SHUT_RD},
                                           {"shutdown(SHUT_WR)", SHUT_WR},
                                           {"shutdown(SHUT_RDWR)", SHUT_RDWR},
                                           {"close()", -1}};

void play_shutdown_case(Stage& stage, const ShutdownCase& each, bool unread, bool unsent, bool peer_ended) {
  const std::string name = std::string(each.call) + (unread ? ", input unread" : ", all read") +
                           (unsent ? ", output waits" : ", all sent") +
                           (peer_ended ? ", in CLOSE_WAIT" : ", in ESTABLISHED");
  stage.scene(name);
  auto [client, server] = stage.pair(kShutdownWindow);
  if (unread) client.send(kShutdownUnread);
  if (unread) server.wait_unread(kShutdownUnread);
  if (peer_ended) client.shutdown(SHUT_WR);
  if (peer_ended) server.wait_hangup();
  std::size_t sent = unsent ? server.fill() : 0;
  std::string own;
  if (each.how < 0) {
    server.close();
  } else {
    server.shutdown(each.how);
    const std::string received = server.recv(1000, 0, false);
    const std::string more = server.send(100);
    if (more == "100") sent += 100;
    own = "; then recv() " + received + ", send() " + more;
  }
  std::string got;
  if (each.how < 0) {
    // Waits first, so that a reset arrives before the reading begins.
    if (unread) client.wait_reset();
    got = client.read_to_end();
  } else {
    const std::string state = server.state();
    const bool ends = state != "ESTABLISHED" && state != "CLOSE_WAIT";  // a FIN follows what was sent
    got = client.read_sent_to_end(sent, ends ? kStagePatienceMs : kNothingComesMs);
  }
  const std::string all = std::to_string(sent) + " bytes, ";
  const std::string end = got.substr(got.find(", ") + 2);
  stage.see(name, "wire: " + stage.endings(Who::server) + "; the peer reads " +
                      (got.starts_with(all) ? "all, " : "not all, ") + end + own);
}

void play_shutdown_matrix(Stage& stage) {
  for (const ShutdownCase& each : kShutdownCases)
    for (const bool unread : {true, false})
      for (const bool unsent : {true, false})
        for (const bool peer_ended : {false, true}) play_shutdown_case(stage, each, unread, unsent, peer_ended);
}

}  // namespace

const Experiment kShutdownMatrix{
    .name = "shutdown-matrix",
    .title = "shutdown() and close() with full and empty queues",
    .question =
        "A server calls shutdown(SHUT_RD), shutdown(SHUT_WR), shutdown(SHUT_RDWR) or close(): with or without unread "
        "input, with or without output that waits for the peer's window, before or after the peer's FIN.",
    .table = kShutdownTable,
    .finding =
        "SHUT_RD sends nothing and discards nothing. SHUT_WR and SHUT_RDWR send everything and then a FIN. Only "
        "close() with unread input resets.",
    .advice =
        "Use SHUT_WR to end what you send. Do not use SHUT_RD to refuse input: the peer never learns of it. Read "
        "everything before close().",
    .play = play_shutdown_matrix,
};

}  // namespace lastbyte::lab
