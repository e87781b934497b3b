// A server that answers the 12th of 16 pipelined requests with an error and closes.
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
constexpr int kPipelineWindow = 4096;

constexpr Expectation kPipelinedTable[] = {
    {"16 requests at once, large answer, close() at once: the client gets", "not all, ECONNRESET"},
    {"RQ13 to RQ16 after the answer, close() at once: the client gets", "all, FIN"},
    {"RQ13 to RQ16 after the answer, close() at once: the client's send()s", "400, EPIPE"},
    {"behind lastbyte, small answer, close() at once: the client gets", "all, ECONNRESET"},
    {"16 requests at once, large answer, shutdown(SHUT_RDWR), close(): the client gets", "not all, ECONNRESET"},
    {"RQ13 to RQ16 after the answer, shutdown(SHUT_RDWR), close(): the client gets", "all, FIN"},
    {"RQ13 to RQ16 after the answer, shutdown(SHUT_RDWR), close(): the client's send()s", "400, EPIPE"},
    {"behind lastbyte, small answer, shutdown(SHUT_RDWR), close(): the client gets", "all, FIN"},
    {"16 requests at once, large answer, shutdown(SHUT_WR), read to the end, close(): the client gets", "all, FIN"},
    {"RQ13 to RQ16 after the answer, shutdown(SHUT_WR), read to the end, close(): the client gets", "all, FIN"},
    {"RQ13 to RQ16 after the answer, shutdown(SHUT_WR), read to the end, close(): the client's send()s", "400, 100"},
    {"behind lastbyte, small answer, shutdown(SHUT_WR), read to the end, close(): the client gets", "all, FIN"},
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

void close_server(Socket& server, HowClosed how) {
  switch (how) {
    case HowClosed::at_once: server.close(); return;
    case HowClosed::shutdown_both_first:
      server.shutdown(SHUT_RDWR);
      server.close();
      return;
    case HowClosed::lingering:
      server.shutdown(SHUT_WR);
      server.read_to_end();
      server.close();
      return;
  }
}

std::string share_of(std::size_t sent, const std::string& read) {
  const std::string all = std::to_string(sent) + " bytes, ";
  if (read.starts_with(all)) return "all, " + read.substr(all.size());
  return "not all, " + read.substr(read.find(", ") + 2);
}

/// RQ1 to RQ16 at once; the answer is larger than the client's window.
void play_direct(Stage& stage, HowClosed how) {
  const std::string name = std::string("16 requests at once, large answer, ") + text_of(how);
  stage.scene(name);
  auto [client, server] = stage.pair(kPipelineWindow);
  client.send(kRequests * kOneRequest);
  server.wait_unread(static_cast<int>(kRequests * kOneRequest));
  server.recv(kAnswered * kOneRequest);
  const std::size_t sent = server.fill();
  std::thread closer([&, &server = server] { close_server(server, how); });
  if (how != HowClosed::lingering) client.wait_hangup();
  const std::string read = client.read_to_end();
  client.close();
  closer.join();
  stage.see(name + ": the client gets", share_of(sent, read));
}

/// RQ13 to RQ16 leave the client after the server has closed.
void play_delayed(Stage& stage, HowClosed how) {
  const std::string name = std::string("RQ13 to RQ16 after the answer, ") + text_of(how);
  stage.scene(name);
  auto [client, server] = stage.pair();
  client.send(kAnswered * kOneRequest);
  server.recv(kAnswered * kOneRequest);
  server.send(kSmallAnswer);
  std::thread closer([&, &server = server] { close_server(server, how); });
  client.wait_unread(static_cast<int>(kSmallAnswer));
  client.wait_hangup();
  const std::string sent = client.send((kRequests - kAnswered) * kOneRequest);
  stage.segments();
  const std::string read = client.read_to_end();
  const std::string again = client.send(kOneRequest);
  client.close();
  closer.join();
  stage.see(name + ": the client gets", share_of(kSmallAnswer, read));
  stage.see(name + ": the client's send()s", sent + ", " + again);
}

/// The answer arrives at the proxy before the reset does: it can be delivered.
void play_behind_proxy(Stage& stage, HowClosed how, std::uint16_t port) {
  const std::string name = std::string("behind lastbyte, small answer, ") + text_of(how);
  stage.scene(name);
  Socket listening = stage.listener();
  const auto proxy = start_proxy(stage, "lastbyte", port, listening.local());
  if (!proxy) {
    stage.not_observed(name + ": the client gets", proxy.error().text());
    return;
  }
  Socket client = stage.socket(Who::client);
  client.connect(proxy->address);
  Socket server = listening.accept();
  client.send(kRequests * kOneRequest);
  server.wait_unread(static_cast<int>(kRequests * kOneRequest));
  server.recv(kAnswered * kOneRequest);
  server.send(kSmallAnswer);
  std::thread closer([&, &server = server] { close_server(server, how); });
  const std::string read = client.read_to_end();
  client.close();
  closer.join();
  stage.see(name + ": the client gets", share_of(kSmallAnswer, read));
}

void play_pipelined_error(Stage& stage) {
  std::uint16_t port = 12'001;
  for (const HowClosed how : {HowClosed::at_once, HowClosed::shutdown_both_first, HowClosed::lingering}) {
    play_direct(stage, how);
    play_delayed(stage, how);
    play_behind_proxy(stage, how, port++);
  }
}

}  // namespace

const Experiment kPipelinedError{
    .name = "pipelined-error",
    .title = "An error answer to one of several pipelined requests",
    .question =
        "A client sends 16 requests. The server reads 12, answers with an error and closes: at once, after "
        "shutdown(SHUT_RDWR), or lingering. The last four requests come before the answer, or after the close. Then "
        "the same behind lastbyte.",
    .table = kPipelinedTable,
    .finding =
        "The four requests that nobody reads reset the connection, and the reset destroys what of the answer has not "
        "left; shutdown(SHUT_RDWR) does not help, lingering does. What had arrived before the reset can be read.",
    .advice =
        "A server that answers early must read and discard what still comes until the client's FIN. A proxy must "
        "deliver "
        "what it has received before it passes the reset on (T5).",
    .play = play_pipelined_error,
};

}  // namespace lastbyte::lab
