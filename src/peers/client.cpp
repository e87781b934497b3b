#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <thread>
#include <utility>

#include "net/socket/calls.h"
#include "net/tcp/connect.h"
#include "net/tcp/connection.h"
#include "peers/header.h"
#include "peers/local_socket.h"
#include "peers/peer.h"
#include "peers/player.h"

namespace lastbyte::peers {
namespace {

/// How often a connect is tried again: no readiness event reports that a full backlog has room again.
constexpr Duration kConnectPause{1};

}  // namespace

class Client::Impl {
 public:
  Impl(const net::Address& to, Script script, const PeerOptions& options)
      : to_(to), script_(std::move(script)), options_(options) {
    if (options_.meeting != nullptr) options_.meeting->join(wakeup_);
    thread_ = std::thread([this] { run(); });
  }
  ~Impl() {
    stop();
    wait();
    if (options_.meeting != nullptr) options_.meeting->leave(wakeup_);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  const Observed& wait() {
    if (thread_.joinable()) thread_.join();
    return seen_;
  }

  void stop() {
    stopped_ = true;
    wakeup_.raise();
  }

 private:
  void run() {
    const TimePoint began = Clock::now();
    const TimePoint until = began + options_.limit;
    seen_.remote = to_;
    Descriptor socket = to_.is_unix() ? connect_unix(until) : connect(until);
    seen_.connected_at = seen_.ended_at = std::chrono::duration_cast<Elapsed>(Clock::now() - began);
    if (!seen_.connected) return;
    seen_.local = net::local_address(socket.get());
    net::set_nodelay(socket.get());
    send_header(socket.get());
    Player(std::move(socket), options_, wakeup_, stopped_, began, until, seen_).play(script_);
  }

  /// Sends the PROXY header. A new socket's buffer has room for it. If the connection has already failed, the script
  /// gets the same error.
  void send_header(int fd) {
    if (!options_.from_client) return;
    const std::string header = header_of(*options_.from_client);
    if (::send(fd, header.data(), header.size(), MSG_NOSIGNAL) >= 0) return;
    seen_.error = errno;
    seen_.error_at = seen_.connected_at;
  }

  Descriptor connect_unix(TimePoint until) {
    while (!stopped_ && Clock::now() < until) {
      auto connected = connect_locally(to_, script_.send_buffer);
      seen_.connected = connected.has_value();
      if (connected) return std::move(*connected);
      seen_.error = connected.error().code;
      if (seen_.error != EAGAIN) return {};
      seen_.error = 0;
      std::this_thread::sleep_for(kConnectPause);
    }
    seen_.timed_out = true;
    return {};
  }

  Descriptor connect(TimePoint until) {
    net::ConnectOptions options;
    options.socket.receive_buffer = script_.window;
    options.socket.send_buffer = script_.send_buffer;
    auto connecting = net::connect_tcp(to_, options_.source, options);
    if (!connecting) {
      seen_.error = connecting.error().code;
      return {};
    }
    Descriptor socket = std::move(connecting->socket);
    while (!connecting->connected) {
      const auto left = std::chrono::ceil<Duration>(until - Clock::now()).count();
      if (left <= 0 || stopped_) {
        seen_.timed_out = true;
        return {};
      }
      std::array<pollfd, 2> polled{{{socket.get(), POLLOUT, 0}, {wakeup_.fd(), POLLIN, 0}}};
      ::poll(polled.data(), polled.size(), static_cast<int>(left));
      if (polled[1].revents != 0) wakeup_.clear();
      if (polled[0].revents == 0) continue;
      seen_.error = net::take_error(socket.get());
      // A refused connection fails with ECONNREFUSED. ECONNRESET means that it was connected: the peer may have sent
      // data before (net/ipv4/tcp_input.c tcp_reset).
      if (seen_.error != 0 && seen_.error != ECONNRESET && seen_.error != EPIPE) return {};
      break;
    }
    seen_.connected = true;
    return socket;
  }

  net::Address to_;
  Script script_;
  PeerOptions options_;
  Wakeup wakeup_;
  std::atomic<bool> stopped_ = false;
  Observed seen_;
  std::thread thread_;
};

Client::Client(const net::Address& to, Script script, const PeerOptions& options)
    : impl_(std::make_unique<Impl>(to, std::move(script), options)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
const Observed& Client::wait() { return impl_->wait(); }
void Client::stop() { impl_->stop(); }

}  // namespace lastbyte::peers
