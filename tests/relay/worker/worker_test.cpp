// One worker, and the sessions that it has.
#include <gtest/gtest.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>

#include "kernel/proc/counters.h"
#include "net/socket/calls.h"
#include "tests/harness/loopback.h"
#include "tests/relay/worker/stage.h"

namespace lastbyte::relay {
namespace {

using net::Transport;

/// Sends these bytes and reads them at the other end.
void pass(const Descriptor& from, const Descriptor& to, std::string_view bytes) {
  EXPECT_EQ(::send(from.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  std::string got(bytes.size(), '\0');
  EXPECT_EQ(::recv(to.get(), got.data(), got.size(), MSG_WAITALL), static_cast<ssize_t>(got.size()));
  EXPECT_EQ(got, bytes);
}

/// The request and its FIN come with one event: none comes any more for the FIN that the first read left. Nor does a
/// timer that only TCP upstreams have.
TEST(Worker, T12_a_session_whose_budget_is_used_up_goes_on_in_the_next_round) {
  Stage stage(Transport::tcp, Transport::unix_stream, [](Forwarding& forwarding, Shared& shared) {
    shared.round_budget = 1;
    forwarding.max_sessions = 1;
  });
  Descriptor first = stage.connect();
  Descriptor server = stage.accept();
  pass(first, server, "question");
  // It waits in the queue until the first one has gone.
  const Descriptor client = stage.connect();
  EXPECT_EQ(::send(client.get(), "question", 8, MSG_NOSIGNAL), 8);
  ::shutdown(client.get(), SHUT_WR);
  first.close();
  server.close();
  server = stage.accept();
  std::string got;
  char byte = 0;
  while (::recv(server.get(), &byte, 1, 0) == 1) got += byte;
  EXPECT_EQ(got, "question");
  EXPECT_EQ(::send(server.get(), "answer", 6, MSG_NOSIGNAL), 6);
  ::shutdown(server.get(), SHUT_WR);
  got.clear();
  while (::recv(client.get(), &byte, 1, 0) == 1) got += byte;
  EXPECT_EQ(got, "answer");
  EXPECT_TRUE(eventually([&] { return stage.count(Count::ended) == 2; }));
  stage.wait_for_worker();
  const auto records = stage.records();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_TRUE(records[1].stream().verdict.complete);
}

TEST(Worker, T15_clients_in_the_queue_of_a_listener_that_leaves_are_served) {
  Stage stage(Transport::tcp, Transport::tcp, [](Forwarding& forwarding, Shared&) { forwarding.max_sessions = 1; });
  std::vector<Descriptor> clients;
  clients.push_back(stage.connect());
  Descriptor server = stage.accept();
  for (int waiting = 0; waiting < 3; ++waiting) clients.push_back(stage.connect());
  stage.serve_nothing();
  stage.wait_for_worker();
  pass(clients[0], server, "question");
  for (std::size_t next = 1; next < clients.size(); ++next) {
    clients[next - 1].close();
    server.close();
    server = stage.accept();
    pass(clients[next], server, "question");
    pass(server, clients[next], "answer");
  }
}

}  // namespace
}  // namespace lastbyte::relay
