#include "probe/tool/heartbeats.h"

#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "net/socket/calls.h"
#include "net/tcp/listen.h"
#include "net/unix/listener.h"
#include "probe/heartbeat/link.h"
#include "probe/socket/connect.h"

namespace lastbyte::probe {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr int kOk = 0;
constexpr int kFailed = 1;
constexpr std::size_t kMostPeers = 1'000;
constexpr Duration kPause{100};  ///< the pause after accept(2) has failed
constexpr Duration kLastWords{200};

void tell(const std::string& what) { std::fprintf(stderr, "lastbyte heartbeat: %s\n", what.c_str()); }

std::uint32_t machine_load() {
  double minute = 0;
  if (::getloadavg(&minute, 1) != 1) return 0;
  const unsigned processors = std::max(std::thread::hardware_concurrency(), 1U);
  return static_cast<std::uint32_t>(minute * 100 / processors);
}

std::string in_milliseconds(std::chrono::microseconds time) {
  const auto count = time.count();
  std::string fraction = std::to_string(count % 1000);
  return std::to_string(count / 1000) + "." + std::string(3 - fraction.size(), '0') + fraction + " ms";
}

class Server {
 public:
  explicit Server(const ServeHeartbeats& options)
      : options_(options), condition_{0, options.draining}, accept_(io_), again_(io_), signals_(io_) {}

  int run() {
    if (auto listening = listen(); !listening) {
      tell(listening.error().text());
      return kFailed;
    }
    ::signal(SIGPIPE, SIG_IGN);
    for (const int each : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2}) signals_.add(each);
    wait_for_signal();
    look_at_load();
    accept();
    std::printf("listening on %s\n", address_.is_unix() ? address_.text().c_str() : ("tcp:" + address_.text()).c_str());
    std::fflush(stdout);
    io_.run();
    return kOk;
  }

 private:
  struct Peer {
    std::unique_ptr<heartbeat::Link> link;
  };

  Result<void> listen() {
    const auto addresses = net::resolve(options_.endpoint);
    if (!addresses) return Failure(addresses.error());
    const net::Address& to = addresses->front().front();
    Descriptor socket;
    if (to.is_unix()) {
      auto made = net::listen_unix(to, {});
      if (!made) return Failure(made.error());
      socket = std::move(made->socket);
      file_ = std::move(made->file);
    } else {
      auto made = net::listen_tcp(to, {}, 1);
      if (!made) return Failure(made.error());
      socket = std::move(made->front());
    }
    address_ = to.is_unix() ? to : net::local_address(socket.get());
    accept_.assign(socket.release());
    return {};
  }

  void wait_for_signal() {
    signals_.async_wait([this](const error_code& error, int number) {
      if (error) return;
      if (number == SIGTERM || number == SIGINT) return stop();
      set({condition_.load_percent, number == SIGUSR1});
      tell(condition_.draining ? "draining" : "not draining");
      wait_for_signal();
    });
  }

  /// Sends FINs to the peers, and leaves them a moment for theirs.
  void stop() {
    accept_.close();
    peers_.clear();
    load_.reset();
    again_.expires_after(kLastWords);
    again_.async_wait([this](const error_code&) { io_.stop(); });
  }

  void look_at_load() {
    set({options_.load_percent.value_or(machine_load()), condition_.draining});
    if (options_.load_percent) return;
    load_.emplace(io_);
    load_->expires_after(std::max(options_.interval, Duration(1000)));
    load_->async_wait([this](const error_code& error) {
      if (!error) look_at_load();
    });
  }

  void set(heartbeat::Condition condition) {
    condition_ = condition;
    for (const Peer& each : peers_) each.link->tell(condition_);
  }

  void accept() {
    accept_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& error) {
      if (error) return;
      Descriptor socket(::accept4(accept_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (socket && peers_.size() < kMostPeers) {
        greet(std::move(socket));
      } else if (!socket && errno != EAGAIN && errno != ECONNABORTED) {
        // Probably out of descriptors: trying again at once would spin.
        again_.expires_after(kPause);
        again_.async_wait([this](const error_code& cancelled) {
          if (!cancelled) accept();
        });
        return;
      }
      accept();
    });
  }

  void greet(Descriptor socket) {
    auto stream = make_stream(io_, std::move(socket));
    if (!stream) return tell(stream.error().text());
    const auto peer = peers_.emplace(peers_.end());
    peer->link =
        std::make_unique<heartbeat::Link>(std::move(*stream), options_.interval, condition_,
                                          heartbeat::Link::Callbacks{[](const heartbeat::Heard&) {},
                                                                     [this, peer](const std::string& why, bool) {
                                                                       if (peer->link->counts().refused() > 0)
                                                                         tell("a peer was refused: " + why);
                                                                       peers_.erase(peer);
                                                                     }});
  }

  ServeHeartbeats options_;
  heartbeat::Condition condition_;
  asio::io_context io_{1};
  asio::posix::stream_descriptor accept_;
  asio::steady_timer again_;
  std::optional<asio::steady_timer> load_;
  asio::signal_set signals_;
  net::Address address_;
  net::SocketFile file_;
  std::list<Peer> peers_;
};

class Watcher {
 public:
  explicit Watcher(const WatchHeartbeats& options) : options_(options), signals_(io_, SIGINT, SIGTERM) {}

  int run() {
    const auto addresses = net::resolve(options_.endpoint);
    if (!addresses) {
      tell(addresses.error().text());
      return kFailed;
    }
    ::signal(SIGPIPE, SIG_IGN);
    signals_.async_wait([this](const error_code& error, int) {
      if (!error) end(kOk);
    });
    connecting_ =
        std::make_shared<Connecting>(io_, Target{options_.endpoint.host, addresses->front(), {}, {}}, options_.timeout);
    connecting_->start([this](Result<std::shared_ptr<Stream>> stream) {
      if (stream) return watch(std::move(*stream));
      tell(stream.error().text());
      end(kFailed);
    });
    io_.run();
    return status_;
  }

 private:
  void watch(std::shared_ptr<Stream> stream) {
    link_ = std::make_unique<heartbeat::Link>(
        std::move(stream), options_.interval, heartbeat::Condition{},
        heartbeat::Link::Callbacks{[this](const heartbeat::Heard& heard) { hear(heard); },
                                   [this](const std::string& why, bool) {
                                     tell(options_.endpoint.text() + ": " + why);
                                     end(kFailed);
                                   }});
  }

  void hear(const heartbeat::Heard& heard) {
    if (!heard.confirmed) return;
    std::string line = options_.endpoint.text() + ":";
    if (heard.round_trip) line += " round trip " + in_milliseconds(*heard.round_trip) + ",";
    line += " load " + std::to_string(heard.condition.load_percent) + " %";
    if (heard.condition.draining) line += ", draining";
    std::printf("%s\n", line.c_str());
    if (std::fflush(stdout) != 0) return end(kFailed);
    if (++heard_ == options_.count) end(kOk);
  }

  /// Only the parting from the peer remains to be done.
  void end(int status) {
    status_ = status;
    link_.reset();
    error_code ignored;
    signals_.cancel(ignored);
    connecting_->cancel();
    limit_.emplace(io_);
    limit_->expires_after(kLastWords);
    limit_->async_wait([this](const error_code&) { io_.stop(); });
  }

  WatchHeartbeats options_;
  asio::io_context io_{1};
  asio::signal_set signals_;
  std::optional<asio::steady_timer> limit_;
  std::shared_ptr<Connecting> connecting_;
  std::unique_ptr<heartbeat::Link> link_;
  std::uint64_t heard_ = 0;
  int status_ = kOk;
};

}  // namespace

int serve_heartbeats(const ServeHeartbeats& options) { return Server(options).run(); }
int watch_heartbeats(const WatchHeartbeats& options) { return Watcher(options).run(); }

}  // namespace lastbyte::probe
