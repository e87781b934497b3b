// Which side keeps the TIME_WAIT.
#include <sys/socket.h>

#include <string>

#include "lab/experiments/experiments.h"
#include "lab/stage/proxy.h"
#include "lab/stage/stage.h"
#include "net/socket/deaf.h"

namespace lastbyte::lab {
namespace {

constexpr Expectation kWhereTable[] = {
    {"the client closes first", "client TIME_WAIT, server none"},
    {"the server closes first", "client none, server TIME_WAIT"},
    {"the client half-closes, the server answers and closes", "client TIME_WAIT, server none"},
    {"the server resets", "client none, server none"},
    {"both close at once", "client TIME_WAIT, server TIME_WAIT"},
    {"both close at once: the server's state before its FIN reaches the client", "CLOSING"},
    {"both connect at once: states", "client ESTABLISHED, server ESTABLISHED"},
    {"both connect at once: the server's recv()", "10"},
    {"behind lastbyte, the client closes first", "client TIME_WAIT; proxy LISTEN and TIME_WAIT; server LISTEN"},
    {"behind lastbyte, the server closes first",
     "client none; proxy LISTEN TIME_WAIT and none; server LISTEN TIME_WAIT"},
    {"behind haproxy, the client closes first", "client TIME_WAIT; proxy LISTEN and TIME_WAIT; server LISTEN"},
    {"behind haproxy, the server closes first",
     "client none; proxy LISTEN TIME_WAIT and none; server LISTEN TIME_WAIT"},
    {"behind nginx, the client closes first", "client TIME_WAIT; proxy LISTEN and TIME_WAIT; server LISTEN"},
    {"behind nginx, the server closes first", "client none; proxy LISTEN TIME_WAIT and none; server LISTEN TIME_WAIT"},
    {"behind socat, the client closes first", "client TIME_WAIT; proxy LISTEN and TIME_WAIT; server LISTEN"},
    {"behind socat, the server closes first", "client none; proxy LISTEN TIME_WAIT and none; server LISTEN TIME_WAIT"},
    {"the client sets SO_LINGER {1,0} after both FINs", "client TIME_WAIT, server none"},
};

/// The ports of both ends of a connection. Its sockets may be closed.
struct Ends {
  std::uint16_t client = 0;
  std::uint16_t server = 0;
};

Ends ends_of(const Stage::Pair& pair) { return {pair.client.local().port(), pair.server.local().port()}; }

void see_ends(Stage& stage, const std::string& row, const Ends& ends) {
  const std::string of_client = stage.await_settled(Who::client, ends.client, ends.server);
  stage.see(row, "client " + of_client + ", server " + stage.await_settled(Who::server, ends.server, ends.client));
}

void play_orders(Stage& stage) {
  {
    stage.scene("the client closes first");
    Stage::Pair pair = stage.pair();
    const Ends ends = ends_of(pair);
    pair.client.close();
    pair.server.read_to_end();
    pair.server.close();
    see_ends(stage, "the client closes first", ends);
  }
  {
    stage.scene("the server closes first");
    Stage::Pair pair = stage.pair();
    const Ends ends = ends_of(pair);
    pair.server.close();
    pair.client.read_to_end();
    pair.client.close();
    see_ends(stage, "the server closes first", ends);
  }
  {
    stage.scene("the client half-closes, the server answers and closes");
    Stage::Pair pair = stage.pair();
    const Ends ends = ends_of(pair);
    pair.client.shutdown(SHUT_WR);
    pair.server.read_to_end();
    pair.server.send(1000);
    pair.server.close();
    pair.client.read_to_end();
    pair.client.close();
    see_ends(stage, "the client half-closes, the server answers and closes", ends);
  }
  {
    stage.scene("the server resets");
    Stage::Pair pair = stage.pair();
    const Ends ends = ends_of(pair);
    pair.server.linger(true, 0);
    pair.server.close();
    pair.client.read_to_end();
    pair.client.close();
    see_ends(stage, "the server resets", ends);
  }
  {
    stage.scene("SO_LINGER {1,0} after the FIN came: too late");
    Stage::Pair pair = stage.pair();
    const Ends ends = ends_of(pair);
    pair.client.shutdown(SHUT_WR);
    pair.server.read_to_end();
    pair.server.close();
    pair.client.wait_hangup();
    pair.client.linger(true, 0);
    pair.client.close();
    see_ends(stage, "the client sets SO_LINGER {1,0} after both FINs", ends);
  }
}

/// Each side sends its FIN before the other's arrives: the client receives nothing meanwhile.
void play_simultaneous_close(Stage& stage) {
  stage.scene("both close at once");
  Stage::Pair pair = stage.pair();
  const Ends ends = ends_of(pair);
  net::set_deaf(pair.client.fd(), true);
  pair.server.shutdown(SHUT_WR);
  pair.client.shutdown(SHUT_WR);
  pair.server.wait_hangup();
  stage.see("both close at once: the server's state before its FIN reaches the client", pair.server.note_state());
  net::set_deaf(pair.client.fd(), false);
  // The server retransmits the lost FIN after 200 ms.
  see_ends(stage, "both close at once", ends);
}

/// Each side sends its SYN before the other's arrives.
void play_simultaneous_open(Stage& stage) {
  stage.scene("both connect at once");
  Socket client = stage.socket(Who::client);
  Socket server = stage.socket(Who::server);
  client.bind(stage.address(Who::client));
  server.bind(stage.address(Who::server));
  // The client is deaf to the server's SYN and to the reset that answers its own first SYN.
  net::set_deaf(client.fd(), true);
  client.connect(server.local(), 0);
  server.connect(client.local(), 0);
  net::set_deaf(client.fd(), false);
  client.await_connected();
  server.await_connected();
  stage.see("both connect at once: states", "client " + client.note_state() + ", server " + server.note_state());
  client.send(10);
  stage.see("both connect at once: the server's recv()", server.recv(100));
}

/// Reports the four ends of the two connections.
void play_proxied(Stage& stage, const std::string& proxy, bool client_first) {
  const std::string name = "behind " + proxy + ", " + (client_first ? "the client" : "the server") + " closes first";
  stage.scene(name);
  auto behind = connect_behind(stage, proxy);
  if (!behind) {
    stage.not_observed(name, behind.error().text());
    return;
  }
  const std::uint16_t of_client = behind->client.local().port();
  const std::uint16_t of_upstream = behind->server.remote().port();
  // HAProxy resets a server whose client ends before any data.
  behind->client.send(100);
  behind->server.recv(100);
  behind->server.send(100);
  behind->client.recv(100);
  Socket& first = client_first ? behind->client : behind->server;
  Socket& second = client_first ? behind->server : behind->client;
  first.shutdown(SHUT_WR);
  second.read_to_end();
  second.close();
  first.read_to_end();
  first.close();
  const std::string of_client_end = stage.await_settled(Who::client, of_client, behind->proxy.address.port());
  const std::string to_client = stage.await_settled(Who::server, behind->proxy.address.port());
  const std::uint16_t listening = behind->listening.local().port();
  const std::string to_server = stage.await_settled(Who::server, of_upstream, listening);
  const std::string of_server = stage.await_settled(Who::server, listening);
  stage.see(name, "client " + of_client_end + "; proxy " + to_client + " and " + to_server + "; server " + of_server);
}

void play_timewait_where(Stage& stage) {
  play_orders(stage);
  play_simultaneous_close(stage);
  play_simultaneous_open(stage);
  for (const char* proxy : kComparedProxies) {
    play_proxied(stage, proxy, true);
    play_proxied(stage, proxy, false);
  }
}

}  // namespace

const Experiment kTimeWaitWhere{
    .name = "timewait-where",
    .title = "Which side keeps the TIME_WAIT",
    .question =
        "A connection ends in each order: the client first, the server first, half-closed, by a reset, and with both "
        "FINs at once. Then two sockets connect to each other at once, without a listener. Then a proxy stands between "
        "the two.",
    .table = kWhereTable,
    .finding =
        "The side that sends its FIN first keeps the TIME_WAIT. If the FINs cross, both sides keep one; after a reset, "
        "neither does. SO_LINGER {1,0} after both FINs comes too late. Behind a proxy there are two TIME_WAITs, one "
        "for each connection. If the client closes first, the proxy keeps one towards the server, which uses up one of "
        "the proxy's ports.",
    .advice =
        "Decide in the protocol which side closes first: a server with many clients should let the clients close "
        "first. Do not reset to avoid TIME_WAIT, because a reset discards data. lastbyte closes in the order of the "
        "peers (T13), as HAProxy, nginx and socat do here.",
    .play = play_timewait_where,
};

}  // namespace lastbyte::lab
