// What recv() and send() return at each ending, and which flags change that.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "lab/experiments/experiments.h"
#include "lab/stage/stage.h"
#include "lab/stage/thread_state.h"
#include "net/socket/deaf.h"
#include "process/eventually.h"

namespace lastbyte::lab {
namespace {

constexpr Expectation kRecvTable[] = {
    {"60 bytes, then a FIN: SO_ERROR, recv(), recv()", "0, 60, 0"},
    {"60 bytes, then a FIN: recv(), recv(), recv()", "60, 0, 0"},
    {"60 bytes, then a FIN: recv(100, MSG_WAITALL), recv(MSG_WAITALL)", "60, 0"},
    {"60 bytes, then a FIN: recv(MSG_PEEK), recv(), recv(MSG_PEEK), recv()", "60, 60, 0, 0"},
    {"60 bytes, then a FIN: send(), send(), recv(), recv()", "1, EPIPE, 60, 0"},
    {"60 bytes, then a RST: SO_ERROR, recv(), recv()", "ECONNRESET, 60, 0"},
    {"60 bytes, then a RST: recv(), recv(), recv()", "60, ECONNRESET, 0"},
    {"60 bytes, then a RST: recv(100, MSG_WAITALL), recv(MSG_WAITALL)", "60, ECONNRESET"},
    {"60 bytes, then a RST: recv(MSG_PEEK), recv(), recv(MSG_PEEK), recv()", "60, 60, ECONNRESET, 0"},
    {"60 bytes, then a RST: send(), send(), recv(), recv()", "ECONNRESET, EPIPE, 60, 0"},
    {"60 bytes and a FIN, one's own FIN, then a RST: recv(), recv(), SO_ERROR",
     "60, 0, ECONNRESET",
     {},
     "net/ipv4/tcp.c tcp_recvmsg_locked checks for the FIN before the error"},
    {"one's own FIN, 60 bytes, then a RST: recv(), recv(), recv()", "60, ECONNRESET, 0"},
    {"10 bytes: recv(MSG_PEEK), recv(MSG_PEEK), recv(), recv()", "10, 10, 10, EAGAIN"},
    {"60 of 100 bytes: recv(MSG_WAITALL) with SO_RCVTIMEO", "60"},
    {"a signal with SA_RESTART, then 5 bytes: blocking recv()", "5"},
    {"a signal without SA_RESTART: blocking recv()", "EINTR"},
    {"after one's own SHUT_WR: recv() of the peer's 5 bytes", "5"},
    {"after one's own SHUT_WR: send() with MSG_NOSIGNAL", "EPIPE"},
    {"after one's own SHUT_WR: send() without MSG_NOSIGNAL", "SIGPIPE"},
    {"never connected: recv(), send()", "ENOTCONN, EPIPE"},
    {"nothing there: blocking recv() with SO_RCVTIMEO", "EAGAIN"},
    {"nothing there: recv() on a non-blocking socket", "EAGAIN"},
};

void play_nothing_there(Stage& stage) {
  stage.scene("nothing has come");
  auto [client, server] = stage.pair();
  stage.see("nothing there: recv() on a non-blocking socket", client.recv(100, 0, false));
  server.send(10);
  client.wait_unread(10);
  stage.see(
      "10 bytes: recv(MSG_PEEK), recv(MSG_PEEK), recv(), recv()",
      in_order({client.recv(100, MSG_PEEK), client.recv(100, MSG_PEEK), client.recv(100), client.recv(100, 0, false)}));
  const timeval limit{0, 100'000};
  client.set_blocking(true);
  ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  stage.see("nothing there: blocking recv() with SO_RCVTIMEO", client.recv(100, 0, false));
  server.send(60);
  client.wait_unread(60);
  stage.see("60 of 100 bytes: recv(MSG_WAITALL) with SO_RCVTIMEO", client.recv(100, MSG_WAITALL, false));
}

constexpr int kSignals = 20;

void play_interrupted(Stage& stage) {
  stage.scene("a signal comes during recv()");
  // Each way has a signal of its own, because experiments run at once in one process.
  struct sigaction action{};
  action.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &action, nullptr);
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGUSR2, &action, nullptr);
  for (const int number : {SIGUSR1, SIGUSR2}) {
    auto [client, server] = stage.pair();
    client.set_blocking(true);
    std::string outcome;
    std::promise<std::unique_ptr<ThreadState>> begun;
    std::atomic<bool> done = false;
    std::thread reader([&, &socket = client] {
      begun.set_value(std::make_unique<ThreadState>());
      outcome = socket.recv(100, 0, false);
      done = true;
    });
    const auto state = begun.get_future().get();
    // A signal before the call would be lost, and the thread may sleep elsewhere before the call. Several are sent,
    // until the call returns or has had enough chances.
    int met = 0;
    process::eventually(
        [&] {
          if (!done && state->asleep()) {
            ::pthread_kill(reader.native_handle(), number);
            ++met;
          }
          return done || met == kSignals;
        },
        kStagePatience, Duration(10));
    server.send(5);
    reader.join();
    stage.see(number == SIGUSR1 ? "a signal without SA_RESTART: blocking recv()"
                                : "a signal with SA_RESTART, then 5 bytes: blocking recv()",
              outcome);
  }
}

void end_by_fin(Stage::Pair& pair) { pair.server.close(); }

void end_by_reset(Stage::Pair& pair) {
  pair.server.wait_acknowledged();
  pair.server.linger(true, 0);
  pair.server.close();
}

struct EndOfStream {
  const char* name;
  void (*end)(Stage::Pair& pair);
};

void play_endings(Stage& stage) {
  for (const EndOfStream& each : {EndOfStream{"FIN", end_by_fin}, EndOfStream{"RST", end_by_reset}}) {
    const std::string behind = std::string("60 bytes, then a ") + each.name;
    const auto ended = [&](const std::string& scene) {
      stage.scene(scene);
      Stage::Pair pair = stage.pair();
      pair.server.send(60);
      pair.client.wait_unread(60);
      each.end(pair);
      pair.client.wait_hangup();
      return pair;
    };
    {
      Stage::Pair pair = ended(behind + ": recv()");
      stage.see(behind + ": recv(), recv(), recv()",
                in_order({pair.client.recv(100), pair.client.recv(100), pair.client.recv(100)}));
    }
    {
      Stage::Pair pair = ended(behind + ": MSG_WAITALL");
      stage.see(behind + ": recv(100, MSG_WAITALL), recv(MSG_WAITALL)",
                in_order({pair.client.recv(100, MSG_WAITALL), pair.client.recv(100, MSG_WAITALL)}));
    }
    {
      Stage::Pair pair = ended(behind + ": MSG_PEEK");
      stage.see(behind + ": recv(MSG_PEEK), recv(), recv(MSG_PEEK), recv()",
                in_order({pair.client.recv(100, MSG_PEEK), pair.client.recv(100), pair.client.recv(100, MSG_PEEK),
                          pair.client.recv(100)}));
    }
    {
      Stage::Pair pair = ended(behind + ": SO_ERROR first");
      stage.see(behind + ": SO_ERROR, recv(), recv()",
                in_order({pair.client.pending_error(), pair.client.recv(100), pair.client.recv(100)}));
    }
    {
      Stage::Pair pair = ended(behind + ": send()");
      const std::string first = pair.client.send(1);
      pair.client.wait_reset();
      stage.see(behind + ": send(), send(), recv(), recv()",
                in_order({first, pair.client.send(1), pair.client.recv(100), pair.client.recv(100)}));
    }
  }
}

void play_after_own_end(Stage& stage) {
  {
    stage.scene("60 bytes and a FIN, one's own FIN, then a RST");
    Stage::Pair pair = stage.pair();
    pair.server.send(60);
    pair.server.shutdown(SHUT_WR);
    pair.client.wait_hangup();
    net::set_deaf(pair.server.fd(), true);  // the server misses the FIN
    pair.client.shutdown(SHUT_WR);
    pair.server.linger(true, 0);
    pair.server.close();
    pair.client.wait_reset();
    stage.see("60 bytes and a FIN, one's own FIN, then a RST: recv(), recv(), SO_ERROR",
              in_order({pair.client.recv(100), pair.client.recv(100), pair.client.pending_error()}));
  }
  stage.scene("one's own FIN, 60 bytes, then a RST");
  Stage::Pair pair = stage.pair();
  pair.client.shutdown(SHUT_WR);
  pair.server.read_to_end();
  pair.server.send(60);
  end_by_reset(pair);
  pair.client.wait_hangup();
  stage.see("one's own FIN, 60 bytes, then a RST: recv(), recv(), recv()",
            in_order({pair.client.recv(100), pair.client.recv(100), pair.client.recv(100)}));
}

void play_own_shutdown(Stage& stage) {
  stage.scene("after one's own shutdown(SHUT_WR)");
  auto [client, server] = stage.pair();
  client.shutdown(SHUT_WR);
  stage.see("after one's own SHUT_WR: send() with MSG_NOSIGNAL", client.send(1));
  server.send(5);
  stage.see("after one's own SHUT_WR: recv() of the peer's 5 bytes", client.recv(100));
  // Without MSG_NOSIGNAL the call raises SIGPIPE, which ends a process that does not ignore it.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &pipe, &before);
  ::send(client.fd(), "x", 1, 0);
  const timespec none{};
  const bool raised = ::sigtimedwait(&pipe, nullptr, &none) == SIGPIPE;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  stage.see("after one's own SHUT_WR: send() without MSG_NOSIGNAL", raised ? "SIGPIPE" : "no signal");
}

void play_no_connection(Stage& stage) {
  stage.scene("without a connection");
  Socket lonely = stage.socket(Who::client);
  stage.see("never connected: recv(), send()", in_order({lonely.recv(100, 0, false), lonely.send(1)}));
}

void play_recv_errors(Stage& stage) {
  play_endings(stage);
  play_after_own_end(stage);
  play_nothing_there(stage);
  play_interrupted(stage);
  play_own_shutdown(stage);
  play_no_connection(stage);
}

}  // namespace

const Experiment kRecvErrors{
    .name = "recv-errors",
    .title = "What recv() and send() return at each ending",
    .question =
        "60 bytes come, and then a FIN or a RST. The client calls recv() without flags, with MSG_WAITALL and MSG_PEEK, "
        "after reading SO_ERROR, and after send(). Then it calls recv() with nothing to read, during a signal, after "
        "its own shutdown, and without a connection.",
    .table = kRecvTable,
    .finding =
        "recv() returns the bytes that came before a RST, then the error once, then 0. MSG_PEEK, SO_ERROR and send() "
        "take that error as well; recv() then reports a clean end although there was none.",
    .advice =
        "Treat EAGAIN and EINTR as no event and everything else as the end of the connection, and keep the first "
        "error. At an end, MSG_WAITALL returns less than requested. Use MSG_NOSIGNAL, or ignore SIGPIPE.",
    .play = play_recv_errors,
};

}  // namespace lastbyte::lab
