// Want of memory (T11, T12): every allocation of a worker fails once, and each time from there on. The worker lives on,
// no place is lost, and each record that it writes is true.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "net/unix/stream.h"
#include "tests/relay/worker/failing_memory.h"
#include "tests/relay/worker/stage.h"

namespace lastbyte::relay {
namespace {

using net::Transport;
using termination::End;
using termination::Which;

/// Calls `scene` with a shortage at each allocation that it makes, until it makes no more, and so returns false.
void at_every_allocation(const std::function<bool(std::uint64_t number, test::Shortage)>& scene) {
  for (const test::Shortage shortage : {test::Shortage::once, test::Shortage::lasts}) {
    bool failed = true;
    std::uint64_t number = 0;
    for (; failed && !::testing::Test::HasFailure(); ++number) {
      SCOPED_TRACE("allocation " + std::to_string(number) + (shortage == test::Shortage::once ? "" : " and all after"));
      failed = scene(number, shortage);
      ASSERT_LT(number, 500U) << "there is no end to it";
    }
    EXPECT_GT(number, 2U) << "no allocation was seen to fail";
  }
}

void expect_true(const Record& record, const Peer& client, const Peer& server) {
  for (const Which which : termination::kBoth) {
    const FlowRecord& flow = record.stream().flow(which);
    const Peer& source = which == Which::client ? client : server;
    const Peer& sink = which == Which::client ? server : client;
    EXPECT_EQ(flow.received, flow.delivered + flow.undelivered);
    EXPECT_LE(flow.received, source.sent);
    EXPECT_LE(flow.delivered, sink.received);
    EXPECT_LE(sink.received, flow.received);
  }
  if (record.stream().verdict.complete) {
    EXPECT_TRUE(client.clean && server.clean);
    EXPECT_EQ(record.stream().abandoned, Abandoned::no);
    return;
  }
  EXPECT_EQ(record.stream().abandoned, Abandoned::no_memory);
  EXPECT_FALSE(client.clean);
  for (const Which which : termination::kBoth) EXPECT_NE(record.stream().verdict.end(which), End::stopped);
  EXPECT_EQ(record.stream().verdict.end(Which::client), End::abandoned);
}

/// A client that says `ahead` and so many bytes, and gets as many. True: an allocation failed.
bool session_of_streams(Stage& stage, std::uint64_t number, test::Shortage shortage, std::size_t bytes,
                        const std::string& ahead) {
  test::run_out_of_memory(number, shortage);
  Peer client(stage.connect());
  if (!ahead.empty()) ::send(client.socket.get(), ahead.data(), ahead.size(), MSG_NOSIGNAL);
  std::atomic<bool> over = false;
  std::thread talking([&] {
    client.talk(bytes);
    over = true;
  });
  Peer server(stage.accept(over));
  if (server.socket) server.talk(bytes);
  talking.join();
  const bool failed = test::plenty();
  EXPECT_TRUE(eventually([&] { return stage.count(Count::open) == 0; }));
  stage.wait_for_worker();
  const auto records = stage.records();
  EXPECT_TRUE(!records.empty() || !client.clean) << "an empty answer";
  for (const Record& record : records) {
    expect_true(record, client, server);
    EXPECT_TRUE(failed || record.stream().verdict.complete);
  }
  EXPECT_TRUE(failed || records.size() == 1);
  return failed;
}

void streams(Transport client, Transport upstream, const Stage::Change& change = {}, const std::string& ahead = {}) {
  at_every_allocation([&](std::uint64_t number, test::Shortage shortage) {
    Stage stage(client, upstream, change);
    const bool failed = session_of_streams(stage, number, shortage, 200'000, ahead);
    // With memory enough, the next one is served as ever.
    session_of_streams(stage, UINT64_MAX, test::Shortage::once, 10, ahead);
    return failed;
  });
}

TEST(NoMemory, T11_records_of_tcp_sessions_are_true) { streams(Transport::tcp, Transport::tcp); }
TEST(NoMemory, T11_records_of_unix_sessions_are_true) { streams(Transport::unix_stream, Transport::unix_stream); }
TEST(NoMemory, T11_records_of_sessions_with_proxy_headers_are_true) {
  const auto change = [](Forwarding& forwarding, Shared&) { forwarding.proxy_header = ProxyHeader::required; };
  streams(Transport::tcp, Transport::tcp, change, "PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\n");
}

/// A client that sends nothing would take a close for the end of an answer.
TEST(NoMemory, T3_a_client_that_is_not_served_gets_no_empty_answer) {
  at_every_allocation([](std::uint64_t number, test::Shortage shortage) {
    Stage stage(Transport::tcp, Transport::tcp);
    return session_of_streams(stage, number, shortage, 0, {});
  });
}

/// Bytes with a descriptor come or do not, and no descriptor is left over here.
TEST(NoMemory, T14_descriptors_are_neither_lost_nor_left_over) {
  at_every_allocation([&](std::uint64_t number, test::Shortage shortage) {
    Stage stage(Transport::unix_stream, Transport::unix_stream);
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    Descriptor read_end(pipe[0]);
    Descriptor write_end(pipe[1]);
    test::run_out_of_memory(number, shortage);
    Descriptor client = stage.connect();
    std::vector<Descriptor> passed;
    passed.push_back(std::move(write_end));
    net::send_with_descriptors(client.get(), std::as_bytes(std::span("x", 1)), passed);  // unless it is reset already
    passed.clear();
    ::shutdown(client.get(), SHUT_WR);
    std::atomic<bool> over = false;
    std::thread reading([&] {
      char byte = 0;
      while (::recv(client.get(), &byte, 1, 0) > 0) {
      }
      over = true;
    });
    if (Descriptor server = stage.accept(over)) {
      std::array<std::byte, 10> room{};
      const auto got = net::receive_with_descriptors(server.get(), room);
      EXPECT_EQ(got.descriptors.size(), got.bytes > 0 ? 1U : 0U);
    }
    reading.join();
    const bool failed = test::plenty();
    client.close();
    EXPECT_TRUE(eventually([&] { return stage.count(Count::open) == 0; }));
    stage.wait_for_worker();
    // Whoever held the other end holds it no more.
    pollfd polled{.fd = read_end.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&polled, 1, 20'000), 1);
    EXPECT_NE(polled.revents & POLLHUP, 0);
    for (const Record& record : stage.records()) {
      const FlowRecord& flow = record.stream().flow(Which::client);
      EXPECT_EQ(flow.received, flow.delivered + flow.undelivered);
      EXPECT_NE(record.stream().verdict.end(Which::client), End::stopped);
    }
    return failed;
  });
}

/// All that a client sends is forwarded, dropped and counted, or refused and counted.
TEST(NoMemory, T11_records_of_datagrams_are_true) {
  constexpr std::uint64_t kClients = 5;
  constexpr std::uint64_t kEach = 3;
  at_every_allocation([&](std::uint64_t number, test::Shortage shortage) {
    Stage stage(Transport::udp, Transport::udp);
    test::run_out_of_memory(number, shortage);
    std::vector<Descriptor> clients;
    for (std::uint64_t i = 0; i < kClients; ++i) {
      clients.emplace_back(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      EXPECT_EQ(::connect(clients.back().get(), stage.at().data(), stage.at().size()), 0);
    }
    for (std::uint64_t i = 0; i < kEach; ++i)
      for (const Descriptor& client : clients) EXPECT_EQ(::send(client.get(), "x", 1, 0), 1);
    const auto handled = [&] { return stage.count(Count::datagrams) + stage.count(Count::datagrams_refused); };
    EXPECT_TRUE(eventually([&] { return handled() == kClients * kEach; })) << handled();
    const bool failed = test::plenty();
    EXPECT_TRUE(eventually([&] { return stage.count(Count::open) == 0; })) << "sessions do not end by silence";
    stage.wait_for_worker();
    std::uint64_t arrived = 0;
    for (char byte = 0; ::recv(stage.upstream(), &byte, 1, MSG_DONTWAIT) == 1;) ++arrived;
    DatagramFlow sum;
    for (const Record& record : stage.records()) {
      sum.received += record.datagrams()->flows[0].received;
      sum.dropped += record.datagrams()->flows[0].dropped;
    }
    EXPECT_EQ(sum.received + stage.count(Count::datagrams_refused), kClients * kEach);
    EXPECT_EQ(sum.received - sum.dropped, arrived);
    EXPECT_TRUE(failed || arrived == kClients * kEach);
    return failed;
  });
}

/// A reload that finds no memory leaves what is served as it was.
void expect_service_after_a_vain_reload(Transport transport) {
  at_every_allocation([&](std::uint64_t number, test::Shortage shortage) {
    Stage stage(transport, transport);
    test::run_out_of_memory(number, shortage);
    stage.serve_anew();
    stage.wait_for_worker();
    const bool failed = test::plenty();
    if (transport == Transport::udp) {
      const Descriptor client(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      EXPECT_EQ(::connect(client.get(), stage.at().data(), stage.at().size()), 0);
      EXPECT_EQ(::send(client.get(), "x", 1, 0), 1);
      char byte = 0;
      EXPECT_EQ(::recv(stage.upstream(), &byte, 1, 0), 1);
    } else {
      session_of_streams(stage, UINT64_MAX, test::Shortage::once, 10, {});
    }
    return failed;
  });
}

TEST(NoMemory, T12_a_reload_leaves_listeners_of_streams_as_they_were) {
  expect_service_after_a_vain_reload(Transport::tcp);
}
TEST(NoMemory, T12_a_reload_leaves_listeners_of_datagrams_as_they_were) {
  expect_service_after_a_vain_reload(Transport::udp);
}

}  // namespace
}  // namespace lastbyte::relay
