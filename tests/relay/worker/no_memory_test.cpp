// Want of memory (T11, T12): every allocation of a worker fails once, and each time from there on. The worker lives on,
// no place is lost, and each record that it writes is true.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/datagram/socket.h"
#include "net/socket/socket.h"
#include "net/unix/stream.h"
#include "relay/context/listening.h"
#include "relay/context/shared.h"
#include "relay/terms/counters.h"
#include "relay/worker/worker.h"
#include "tests/relay/worker/failing_memory.h"

namespace lastbyte::relay {
namespace {

using net::Transport;
using std::chrono::milliseconds;
using std::chrono::seconds;
using termination::End;
using termination::Which;

bool eventually(const std::function<bool()>& condition) {
  const auto patience = Clock::now() + seconds(20);
  while (!condition()) {
    if (Clock::now() > patience) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

void make_blocking(int fd) {
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

net::Address loopback() { return *net::Address::parse("127.0.0.1", 0); }

/// Sends until all is sent or refused, then a FIN; and reads to the end. `clean`: nothing failed. A failed send may
/// have taken the error that the read would tell (T10).
struct Peer {
  explicit Peer(Descriptor connected) : socket(std::move(connected)) {}
  void talk(std::size_t bytes) {
    std::thread writer([&] {
      const std::string block(10'000, 'x');
      while (sent < bytes) {
        const ssize_t put = ::send(socket.get(), block.data(), std::min(block.size(), bytes - sent), MSG_NOSIGNAL);
        if (put <= 0) break;
        sent += static_cast<std::size_t>(put);
      }
      ::shutdown(socket.get(), SHUT_WR);
    });
    std::string room(3'000, '\0');
    ssize_t got = 0;
    while ((got = ::recv(socket.get(), room.data(), room.size(), 0)) > 0) received += static_cast<std::size_t>(got);
    writer.join();
    clean = got == 0 && sent == bytes;
  }

  Descriptor socket;
  std::size_t sent = 0;
  std::size_t received = 0;
  bool clean = false;
};

/// A worker with one forwarding, and an upstream of it.
class Stage {
 public:
  Stage(Transport client, Transport upstream, const std::function<void(Forwarding&)>& change) {
    shared_.max_sessions = 1000;
    shared_.warn = [](const std::string&) {};
    auto made = Worker::create(0, shared_);
    EXPECT_TRUE(made);
    worker_ = std::move(*made);
    open_upstream(upstream);
    forwarding_ = std::make_shared<Forwarding>();
    forwarding_->name = "a forwarding with a name that takes memory of its own";
    forwarding_->listen.transport = client;
    forwarding_->connect.transport = upstream;
    forwarding_->limits.datagram_idle = milliseconds(50);
    // So that sinks are full.
    forwarding_->client.socket.send_buffer = forwarding_->upstream.socket.send_buffer = 4096;
    forwarding_->max_sessions_per_client = 100;
    if (change) change(*forwarding_);
    open_listener(client);
    thread_ = std::thread([this] {
      test::watch_this_thread();
      worker_->run();
    });
    serve();
    settle();
  }
  ~Stage() {
    test::plenty();
    worker_->abort();
    thread_.join();
    EXPECT_EQ(shared_.sessions, 0U) << "a place was lost";
    EXPECT_EQ(counts_->sessions, 0U) << "a place of the forwarding was lost";
    EXPECT_EQ(count(Count::open), 0U);
    EXPECT_EQ(count(Count::accepted), count(Count::ended));
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  void serve() { worker_->serve({listening()}); }
  /// All mail was carried out, and the worker has begun another round since.
  void settle() {
    for (int twice = 0; twice < 2; ++twice) {
      const std::uint64_t before = count(Count::beats);
      worker_->beat();
      EXPECT_TRUE(eventually([&] { return count(Count::beats) > before; })) << "the worker is gone";
    }
  }
  [[nodiscard]] std::uint64_t count(Count which) const { return worker_->counters().of(which); }

  Descriptor connect() {
    Descriptor socket(::socket(at_.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(socket.get(), at_.data(), at_.size()), 0);
    make_blocking(socket.get());
    return socket;
  }
  /// None: nobody has come by the time that `over` is true.
  Descriptor accept(const std::atomic<bool>& over) {
    Descriptor socket;
    const bool came = eventually([&] {
      const bool was_over = over;
      pollfd polled{.fd = upstream_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&polled, 1, 0) == 0) return was_over;
      socket = Descriptor(::accept4(upstream_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      return true;
    });
    EXPECT_TRUE(came);
    if (socket) make_blocking(socket.get());
    return socket;
  }
  std::vector<Record> records() {
    std::vector<Record> all;
    worker_->records().consume_all([&](const Record& record) { all.push_back(record); });
    return all;
  }
  [[nodiscard]] const net::Address& at() const { return at_; }
  [[nodiscard]] int upstream() const { return upstream_.get(); }
  [[nodiscard]] const Forwarding& forwarding() const { return *forwarding_; }
  /// Serves the same sockets under a forwarding of its own.
  void serve_anew() {
    forwarding_ = std::make_shared<Forwarding>(*forwarding_);
    serve();
  }

 private:
  void open_upstream(Transport transport) {
    if (transport == Transport::unix_stream) {
      upstream_at_ = *net::Address::unix_name("@lastbyte-no-memory-upstream-" + std::to_string(::getpid()));
    } else {
      upstream_at_ = loopback();
    }
    const int type = transport == Transport::udp ? SOCK_DGRAM : SOCK_STREAM;
    upstream_ = Descriptor(::socket(upstream_at_.family(), type | SOCK_CLOEXEC, 0));
    const int small = 4096;
    if (transport == Transport::tcp) ::setsockopt(upstream_.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    ASSERT_EQ(::bind(upstream_.get(), upstream_at_.data(), upstream_at_.size()), 0);
    if (type == SOCK_STREAM) {
      ASSERT_EQ(::listen(upstream_.get(), 64), 0);
    }
    if (transport != Transport::unix_stream) upstream_at_ = net::local_address(upstream_.get());
    make_blocking(upstream_.get());
  }
  void open_listener(Transport transport) {
    if (transport == Transport::unix_stream) {
      at_ = *net::Address::unix_name("@lastbyte-no-memory-client-" + std::to_string(::getpid()));
      Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ASSERT_EQ(::bind(socket.get(), at_.data(), at_.size()), 0);
      ASSERT_EQ(::listen(socket.get(), 64), 0);
      listener_ = std::make_shared<const Descriptor>(std::move(socket));
      return;
    }
    auto sockets = transport == Transport::udp ? net::listen_for_datagrams(loopback(), forwarding_->client, 1)
                                               : net::listen_on(loopback(), forwarding_->client, 1);
    ASSERT_TRUE(sockets);
    listener_ = std::make_shared<const Descriptor>(std::move(sockets->front()));
    at_ = net::local_address(listener_->get());
  }
  [[nodiscard]] Listening listening() const {
    return {.forwarding = forwarding_,
            .listen = at_,
            .sockets = {listener_},
            .upstream_addresses = {upstream_at_},
            .counts = counts_};
  }

  Shared shared_;
  std::shared_ptr<ForwardingCounts> counts_ = std::make_shared<ForwardingCounts>();
  std::shared_ptr<Forwarding> forwarding_;
  std::unique_ptr<Worker> worker_;
  Descriptor upstream_;
  net::Address upstream_at_;
  std::shared_ptr<const Descriptor> listener_;
  net::Address at_;
  std::thread thread_;
};

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
  stage.settle();
  const auto records = stage.records();
  EXPECT_TRUE(!records.empty() || !client.clean) << "an empty answer";
  for (const Record& record : records) {
    expect_true(record, client, server);
    EXPECT_TRUE(failed || record.stream().verdict.complete);
  }
  EXPECT_TRUE(failed || records.size() == 1);
  return failed;
}

void streams(Transport client, Transport upstream, const std::function<void(Forwarding&)>& change = {},
             const std::string& ahead = {}) {
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
  const auto change = [](Forwarding& forwarding) { forwarding.proxy_header = ProxyHeader::required; };
  streams(Transport::tcp, Transport::tcp, change, "PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\n");
}

/// Bytes with a descriptor come or do not, and no descriptor is left over here.
TEST(NoMemory, T14_descriptors_are_neither_lost_nor_left_over) {
  at_every_allocation([&](std::uint64_t number, test::Shortage shortage) {
    Stage stage(Transport::unix_stream, Transport::unix_stream, {});
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
    stage.settle();
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
    Stage stage(Transport::udp, Transport::udp, {});
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
    stage.settle();
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
    Stage stage(transport, transport, {});
    test::run_out_of_memory(number, shortage);
    stage.serve_anew();
    stage.settle();
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
