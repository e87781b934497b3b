#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "net/socket/calls.h"
#include "net/socket/deaf.h"
#include "net/tcp/connection.h"
#include "net/tcp/listen.h"
#include "peers/header.h"
#include "peers/local_socket.h"
#include "peers/peer.h"
#include "peers/player.h"

namespace lastbyte::peers {
namespace {

/// One accepted connection, played on its own thread.
struct Connection {
  Wakeup wakeup;
  Observed seen;
  std::thread thread;
};

}  // namespace

PeerOptions PeerOptions::swapped() const {
  PeerOptions other = *this;
  std::swap(other.sends, other.expects);
  return other;
}

class Server::Impl {
 public:
  Impl(Descriptor listening, net::Address address, Script script, const PeerOptions& options,
       std::optional<std::uint32_t> connections)
      : listening_(std::move(listening)),
        address_(std::move(address)),
        script_(std::move(script)),
        options_(options.swapped()),
        connections_(connections),
        thread_([this] { accept_all(); }) {}
  ~Impl() {
    stop();
    join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] const net::Address& address() const { return address_; }
  [[nodiscard]] std::uint32_t accepted() const { return accepted_.load(); }
  [[nodiscard]] std::uint32_t ended() const { return ended_.load(); }

  bool set_deaf(bool deaf) {
    const std::lock_guard lock(mutex_);
    return listening_ && net::set_deaf(listening_.get(), deaf) == 0;
  }

  std::vector<Observed> wait() {
    join();
    std::vector<Observed> all;
    for (const Connection& each : played_) all.push_back(each.seen);
    return all;
  }

  void stop() {
    stopped_ = true;
    wakeup_.raise();
    const std::lock_guard lock(mutex_);
    for (Connection& each : played_) each.wakeup.raise();
  }

 private:
  void accept_all() {
    const TimePoint until = connections_ ? Clock::now() + options_.arrival : TimePoint::max();
    while (!stopped_ && (!connections_ || accepted_ < *connections_)) {
      if (accepted_ == 0 && Clock::now() >= until) break;
      std::array<pollfd, 2> polled{{{listening_.get(), POLLIN, 0}, {wakeup_.fd(), POLLIN, 0}}};
      ::poll(polled.data(), polled.size(), static_cast<int>(options_.arrival.count()));
      if (polled[1].revents != 0) wakeup_.clear();
      if (polled[0].revents != 0) accept_one();
    }
    const std::lock_guard lock(mutex_);
    listening_.close();
  }

  void accept_one() {
    Descriptor socket(::accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) return;
    const std::lock_guard lock(mutex_);
    Connection& connection = played_.emplace_back();
    ++accepted_;
    if (options_.meeting != nullptr) options_.meeting->join(connection.wakeup);
    connection.thread =
        std::thread([this, &connection, taken = std::move(socket)]() mutable { play(connection, std::move(taken)); });
  }

  void play(Connection& connection, Descriptor socket) {
    const TimePoint began = Clock::now();
    Observed& seen = connection.seen;
    seen.connected = true;
    seen.local = net::local_address(socket.get());
    seen.remote = net::peer_address(socket.get());  // none() if the client has already reset the connection
    net::set_nodelay(socket.get());
    const TimePoint until = began + options_.limit;
    if (options_.to_server)
      take_header(socket.get(), *options_.to_server, connection.wakeup, stopped_, began, until, seen);
    Player(std::move(socket), options_, connection.wakeup, stopped_, began, until, seen).play(script_);
    if (options_.meeting != nullptr) options_.meeting->leave(connection.wakeup);
    ++ended_;
  }

  void join() {
    if (thread_.joinable()) thread_.join();
    // The accepting thread has ended, so no connection is added any more.
    for (Connection& each : played_)
      if (each.thread.joinable()) each.thread.join();
  }

  Descriptor listening_;
  net::Address address_;
  Script script_;
  PeerOptions options_;
  std::optional<std::uint32_t> connections_;
  std::atomic<std::uint32_t> accepted_ = 0;
  std::atomic<std::uint32_t> ended_ = 0;
  std::atomic<bool> stopped_ = false;
  Wakeup wakeup_;
  std::mutex mutex_;  ///< guards the listening socket, and `played_` while connections are added
  std::deque<Connection> played_;
  std::thread thread_;
};

net::Address Server::loopback() { return *net::Address::parse("127.0.0.1", 0); }

Result<Server> Server::start(const Script& script, const PeerOptions& options, std::optional<std::uint32_t> connections,
                             const net::Address& listen) {
  if (listen.is_unix()) {
    auto listening = listen_locally(listen, script.send_buffer);
    if (!listening) return Failure(listening.error());
    return Server(std::make_unique<Impl>(std::move(*listening), listen, script, options, connections));
  }
  net::ListenOptions settings;
  settings.socket.receive_buffer = script.window;
  settings.socket.send_buffer = script.send_buffer;
  auto listening = net::listen_tcp(listen, settings, 1);
  if (!listening) return Failure(listening.error());
  Descriptor& socket = listening->front();
  const net::Address address = net::local_address(socket.get());
  return Server(std::make_unique<Impl>(std::move(socket), address, script, options, connections));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
net::Address Server::address() const { return impl_->address(); }
std::uint32_t Server::accepted() const { return impl_->accepted(); }
std::uint32_t Server::ended() const { return impl_->ended(); }
bool Server::set_deaf(bool deaf) { return impl_->set_deaf(deaf); }
std::vector<Observed> Server::wait() { return impl_->wait(); }
void Server::stop() { impl_->stop(); }

}  // namespace lastbyte::peers
