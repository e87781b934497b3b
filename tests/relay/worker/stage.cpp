#include "tests/relay/worker/stage.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <string>

#include "net/datagram/socket.h"
#include "net/socket/calls.h"
#include "net/tcp/listen.h"
#include "tests/relay/worker/failing_memory.h"

namespace lastbyte::relay {

using net::Transport;
using std::chrono::milliseconds;

namespace {

void make_blocking(int fd) {
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

net::Address loopback() { return *net::Address::parse("127.0.0.1", 0); }

net::Address abstract_name(const std::string& of) {
  return *net::Address::unix_name("@lastbyte-worker-test-" + of + "-" + std::to_string(::getpid()));
}

}  // namespace

void Peer::talk(std::size_t bytes) {
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

Stage::Stage(Transport client, Transport upstream, const Change& change) {
  shared_.max_sessions = 1000;
  shared_.warn = [](const std::string&) {};
  forwarding_->name = "a forwarding with a name that takes memory of its own";
  forwarding_->listen.transport = client;
  forwarding_->connect.transport = upstream;
  forwarding_->limits.datagram_idle = milliseconds(50);
  // So that sinks are full.
  forwarding_->client.socket.send_buffer = forwarding_->upstream.socket.send_buffer = 4096;
  forwarding_->max_sessions_per_client = 100;
  if (change) change(*forwarding_, shared_);
  auto made = Worker::create(0, shared_);
  EXPECT_TRUE(made);
  worker_ = std::move(*made);
  open_upstream(upstream);
  open_listener(client);
  thread_ = std::thread([this] {
    test::watch_this_thread();
    worker_->run();
  });
  worker_->serve({listening()});
  wait_for_worker();
}

Stage::~Stage() {
  test::plenty();
  worker_->abort();
  thread_.join();
  EXPECT_EQ(shared_.sessions, 0U) << "a place was lost";
  EXPECT_EQ(counts_->sessions, 0U) << "a place of the forwarding was lost";
  EXPECT_EQ(count(Count::open), 0U);
  EXPECT_EQ(count(Count::accepted), count(Count::ended));
}

void Stage::serve_anew() {
  forwarding_ = std::make_shared<Forwarding>(*forwarding_);
  worker_->serve({listening()});
}

void Stage::serve_group(std::shared_ptr<const upstream::Snapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  serve_anew();
  wait_for_worker();
}

void Stage::wait_for_worker() {
  for (int twice = 0; twice < 2; ++twice) {
    const std::uint64_t before = count(Count::beats);
    worker_->beat();
    EXPECT_TRUE(eventually([&] { return count(Count::beats) > before; })) << "the worker is gone";
  }
}

void Stage::while_it_stands(const std::function<void()>& meanwhile) {
  std::promise<void> stands;
  std::promise<void> over;
  worker_->post([&] {
    stands.set_value();
    over.get_future().wait();
  });
  stands.get_future().wait();
  meanwhile();
  over.set_value();
  wait_for_worker();
}

Descriptor Stage::connect() {
  Descriptor socket(::socket(at_.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(socket.get(), at_.data(), at_.size()), 0);
  make_blocking(socket.get());
  return socket;
}

Descriptor Stage::accept(const std::atomic<bool>& over) {
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

std::vector<Record> Stage::records() {
  std::vector<Record> all;
  worker_->records().consume_all([&](const Record& record) { all.push_back(record); });
  return all;
}

void Stage::open_upstream(Transport transport) {
  upstream_at_ = transport == Transport::unix_stream ? abstract_name("upstream") : loopback();
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

void Stage::open_listener(Transport transport) {
  if (transport == Transport::unix_stream) {
    at_ = abstract_name("listener");
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(socket.get(), at_.data(), at_.size()), 0);
    ASSERT_EQ(::listen(socket.get(), 64), 0);
    listener_ = std::make_shared<const Descriptor>(std::move(socket));
    return;
  }
  auto sockets = transport == Transport::udp ? net::listen_udp(loopback(), forwarding_->client, 1)
                                             : net::listen_tcp(loopback(), forwarding_->client, 1);
  ASSERT_TRUE(sockets);
  listener_ = std::make_shared<const Descriptor>(std::move(sockets->front()));
  at_ = net::local_address(listener_->get());
}

Listening Stage::listening() const {
  return {.forwarding = forwarding_,
          .listen = at_,
          .sockets = {listener_},
          .upstream_addresses = {upstream_at_},
          .counts = counts_,
          .figures = figures_,
          .snapshot = snapshot_};
}

}  // namespace lastbyte::relay
