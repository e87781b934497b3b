// A server answers the 12th of 16 pipelined requests with an error and closes.
#include <sys/socket.h>

#include <string>
#include <thread>

#include "lab/experiments/experiments.h"
#include "lab/stage/proxy.h"
#include "lab/stage/stage.h"

namespace lastbyte::lab {
namespace {

constexpr std::size_t kOneRequest = 100;
constexpr std::size_t kRequests = 16;
constexpr std::size_t kAnswered = 12;
constexpr std::size_t kSmallAnswer = 1000;
/// Larger than what a proxy moves at once, and small enough for the kernel of a stopped proxy.
constexpr std::size_t kProxiedAnswer = 20'000;
constexpr int kPipelineWindow = 4096;

constexpr Expectation kPipelinedTable[] = {
    {"16 requests at once, large answer, close() at once: the client gets", "not all, ECONNRESET"},
    {"RQ13 to RQ16 after the answer, close() at once: the client gets", "all, FIN"},
    {"RQ13 to RQ16 after the answer, close() at once: the client's send()s", "400, EPIPE"},
    {"16 requests at once, large answer, shutdown(SHUT_RDWR), close(): the client gets", "not all, ECONNRESET"},
    {"RQ13 to RQ16 after the answer, shutdown(SHUT_RDWR), close(): the client gets", "all, FIN"},
    {"RQ13 to RQ16 after the answer, shutdown(SHUT_RDWR), close(): the client's send()s", "400, EPIPE"},
    {"16 requests at once, large answer, shutdown(SHUT_WR), read to the end, close(): the client gets", "all, FIN"},
    {"RQ13 to RQ16 after the answer, shutdown(SHUT_WR), read to the end, close(): the client gets", "all, FIN"},
    {"RQ13 to RQ16 after the answer, shutdown(SHUT_WR), read to the end, close(): the client's send()s", "400, 100"},
    {"behind lastbyte, 16 requests at once, close() at once: the client gets",
     "all, ECONNRESET",
     {},
     "the server's reset is passed on behind the answer (T4)"},
    {"behind lastbyte, RQ13 to RQ16 after the answer, close() at once: the client gets", "all, FIN"},
    {"behind lastbyte, 16 requests at once, shutdown(SHUT_RDWR), close(): the client gets", "all, FIN"},
    {"behind lastbyte, RQ13 to RQ16 after the answer, shutdown(SHUT_RDWR), close(): the client gets", "all, FIN"},
    {"behind lastbyte, 16 requests at once, shutdown(SHUT_WR), read to the end, close(): the client gets", "all, FIN"},
    {"behind lastbyte, RQ13 to RQ16 after the answer, shutdown(SHUT_WR), read to the end, close(): the client gets",
     "all, FIN"},
    {"behind haproxy, 16 requests at once, close() at once: the client gets",
     "all, FIN",
     {},
     "the server's reset became a clean end"},
    {"behind haproxy, RQ13 to RQ16 after the answer, close() at once: the client gets", "all, FIN"},
    {"behind haproxy, 16 requests at once, shutdown(SHUT_RDWR), close(): the client gets", "all, FIN"},
    {"behind haproxy, RQ13 to RQ16 after the answer, shutdown(SHUT_RDWR), close(): the client gets", "all, FIN"},
    {"behind haproxy, 16 requests at once, shutdown(SHUT_WR), read to the end, close(): the client gets", "all, FIN"},
    {"behind haproxy, RQ13 to RQ16 after the answer, shutdown(SHUT_WR), read to the end, close(): the client gets",
     "all, FIN"},
    {"behind nginx, 16 requests at once, close() at once: the client gets",
     "all, FIN",
     {},
     "the server's reset became a clean end"},
    {"behind nginx, RQ13 to RQ16 after the answer, close() at once: the client gets",
     "not all, ECONNRESET",
     {},
     "nginx closes the client's socket with RQ13 to RQ16 unread"},
    {"behind nginx, 16 requests at once, shutdown(SHUT_RDWR), close(): the client gets", "all, FIN"},
    {"behind nginx, RQ13 to RQ16 after the answer, shutdown(SHUT_RDWR), close(): the client gets",
     "not all, ECONNRESET",
     {},
     "nginx closes the client's socket with RQ13 to RQ16 unread"},
    {"behind nginx, 16 requests at once, shutdown(SHUT_WR), read to the end, close(): the client gets", "all, FIN"},
    {"behind nginx, RQ13 to RQ16 after the answer, shutdown(SHUT_WR), read to the end, close(): the client gets",
     "not all, ECONNRESET",
     {},
     "nginx closes the client's socket with RQ13 to RQ16 unread"},
    {"behind socat, 16 requests at once, close() at once: the client gets",
     "all, FIN",
     {},
     "the server's reset became a clean end"},
    {"behind socat, RQ13 to RQ16 after the answer, close() at once: the client gets", "all, FIN"},
    {"behind socat, 16 requests at once, shutdown(SHUT_RDWR), close(): the client gets", "all, FIN"},
    {"behind socat, RQ13 to RQ16 after the answer, shutdown(SHUT_RDWR), close(): the client gets", "all, FIN"},
    {"behind socat, 16 requests at once, shutdown(SHUT_WR), read to the end, close(): the client gets", "all, FIN"},
    {"behind socat, RQ13 to RQ16 after the answer, shutdown(SHUT_WR), read to the end, close(): the client gets",
     "all, FIN"},
};

enum class HowClosed : std::uint8_t { at_once, shutdown_both_first, lingering };

const char* text_of(HowClosed how) {
  switch (how) {
    case HowClosed::at_once: return "close() at once";
    case HowClosed::shutdown_both_first: return "shutdown(SHUT_RDWR), close()";
    case HowClosed::lingering: return "shutdown(SHUT_WR), read to the end, close()";
  }
  return "?";
}

/// Does the whole close, except the part of lingering that waits.
void begin_close(Socket& server, HowClosed how) {
  if (how == HowClosed::shutdown_both_first) server.shutdown(SHUT_RDWR);
  if (how == HowClosed::lingering)
    server.shutdown(SHUT_WR);
  else
    server.close();
}

/// Returns when the client has ended.
void finish_close(Socket& server, HowClosed how) {
  if (how != HowClosed::lingering) return;
  server.read_to_end();
  server.close();
}

std::string share_of(std::size_t sent, const std::string& read) {
  const std::string all = std::to_string(sent) + " bytes, ";
  if (read.starts_with(all)) return "all, " + read.substr(all.size());
  return "not all, " + read.substr(read.find(", ") + 2);
}

/// The client sends RQ1 to RQ16 at once. The answer is larger than the client's window.
void play_direct(Stage& stage, HowClosed how) {
  const std::string name = std::string("16 requests at once, large answer, ") + text_of(how);
  stage.scene(name);
  auto [client, server] = stage.pair(kPipelineWindow);
  client.send(kRequests * kOneRequest);
  server.wait_unread(static_cast<int>(kRequests * kOneRequest));
  server.recv(kAnswered * kOneRequest);
  const std::size_t sent = server.fill();
  begin_close(server, how);
  std::thread closer([&] { finish_close(server, how); });
  if (how != HowClosed::lingering) client.wait_reset();
  const std::string read = client.read_to_end();
  client.close();
  closer.join();
  stage.see(name + ": the client gets", share_of(sent, read));
}

/// The client sends RQ13 to RQ16 after the server has closed.
void play_delayed(Stage& stage, HowClosed how) {
  const std::string name = std::string("RQ13 to RQ16 after the answer, ") + text_of(how);
  stage.scene(name);
  auto [client, server] = stage.pair();
  client.send(kAnswered * kOneRequest);
  server.recv(kAnswered * kOneRequest);
  server.send(kSmallAnswer);
  begin_close(server, how);
  std::thread closer([&] { finish_close(server, how); });
  client.wait_unread(static_cast<int>(kSmallAnswer));
  client.wait_hangup();
  const std::string sent = client.send((kRequests - kAnswered) * kOneRequest);
  if (how != HowClosed::lingering) client.wait_reset();
  const std::string read = client.read_to_end();
  const std::string again = client.send(kOneRequest);
  client.close();
  closer.join();
  stage.see(name + ": the client gets", share_of(kSmallAnswer, read));
  stage.see(name + ": the client's send()s", sent + ", " + again);
}

/// A stopped proxy stands for a busy one: it continues when the answer, the end and RQ13 to RQ16 have all arrived. With
/// `late`, the client sends RQ13 to RQ16 after the server has closed.
void play_behind_proxy(Stage& stage, const std::string& proxy, HowClosed how, bool late) {
  const std::string name =
      "behind " + proxy + (late ? ", RQ13 to RQ16 after the answer, " : ", 16 requests at once, ") + text_of(how);
  const std::string row = name + ": the client gets";
  stage.scene(name);
  auto behind = connect_behind(stage, proxy, kPipelineWindow);
  if (!behind) {
    stage.not_observed(row, behind.error().text());
    return;
  }
  auto& [running, listening, client, server] = *behind;
  const std::uint16_t of_upstream = server.remote().port();
  const std::size_t before = (late ? kAnswered : kRequests) * kOneRequest;
  client.send(before);
  server.wait_unread(static_cast<int>(before));
  server.recv(kAnswered * kOneRequest);
  if (!running.started.process.suspend()) {
    stage.not_observed(row, "the proxy's processes cannot be seen to stop");
    return;
  }
  server.send(kProxiedAnswer);
  server.wait_acknowledged();
  begin_close(server, how);
  std::thread closer([&] { finish_close(server, how); });
  stage.await_none_in(Who::server, of_upstream, "ESTABLISHED");  // wait until the end has reached the proxy
  if (late) client.send((kRequests - kAnswered) * kOneRequest);
  running.started.process.resume();
  // So that a reset comes before the reading does; a FIN waits behind the answer for the window.
  const bool gone = late && stage.await_none_in(Who::server, running.address.port(), "ESTABLISHED") == "LISTEN";
  if (gone) client.wait_reset();
  const std::string read = client.read_to_end();
  client.close();
  closer.join();
  stage.see(row, share_of(kProxiedAnswer, read));
}

void play_pipelined_error(Stage& stage) {
  for (const HowClosed how : {HowClosed::at_once, HowClosed::shutdown_both_first, HowClosed::lingering}) {
    play_direct(stage, how);
    play_delayed(stage, how);
    for (const char* proxy : kComparedProxies)
      for (const bool late : {false, true}) play_behind_proxy(stage, proxy, how, late);
  }
}

}  // namespace

const Experiment kPipelinedError{
    .name = "pipelined-error",
    .title = "An error answer to one of several pipelined requests",
    .question =
        "A client sends 16 requests, RQ1 to RQ16. The server reads 12, answers the last with an error (RS12) and "
        "closes: at once, after shutdown(SHUT_RDWR), or lingering. RQ13 to RQ16 come before the answer, or after the "
        "close. Then the same runs behind proxies. Each proxy is stopped until the answer, the end and the requests "
        "have come, and the client's window is small. If the requests come late, the client reads once the proxy has "
        "ended or reset its side.",
    .table = kPipelinedTable,
    .finding =
        "The four requests that nobody reads reset the connection, and the reset destroys the part of the answer that "
        "has not left. Lingering prevents this; shutdown(SHUT_RDWR) does not. lastbyte delivers the whole answer in "
        "each case and passes the reset on. HAProxy, nginx and socat send a clean end instead of the reset. If "
        "requests come late, nginx destroys the answer itself, because it closes with unread input.",
    .advice =
        "A server that answers early must read and discard further input until the client's FIN. A proxy must do the "
        "same towards its clients, and must deliver what it has received before it passes a reset on (T5, T6).",
    .play = play_pipelined_error,
};

}  // namespace lastbyte::lab
