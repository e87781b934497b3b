#include "admin/http/server.h"

#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <exception>
#include <list>
#include <system_error>
#include <thread>

#include "base/signals.h"

namespace lastbyte::admin {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::milliseconds kShortage{100};  ///< a pause when no descriptor is left

/// Accepts the clients of one door.
class Entrance {
 public:
  Entrance(asio::io_context& io, Door door) : io_(io), door_(std::move(door)) {
    for (Descriptor& each : door_.listening)
      listeners_.push_back(std::make_unique<Listener>(
          Listener{asio::posix::stream_descriptor(io, each.release()), asio::steady_timer(io)}));
  }
  void start() {
    for (const auto& each : listeners_) wait(*each);
  }

 private:
  struct Listener {
    asio::posix::stream_descriptor socket;
    asio::steady_timer pause;
  };

  void wait(Listener& listener) {
    listener.socket.async_wait(asio::posix::stream_descriptor::wait_read, [this, &listener](error_code error) {
      if (error) return;
      accept(listener) ? wait(listener) : rest(listener);
    });
  }

  void rest(Listener& listener) {
    listener.pause.expires_after(kShortage);
    listener.pause.async_wait([this, &listener](error_code error) {
      if (!error) wait(listener);
    });
  }

  /// Returns false if the process lacks descriptors or memory.
  bool accept(Listener& listener) {
    Descriptor client(::accept4(listener.socket.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client) return errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != ENOBUFS;
    int family = 0;
    socklen_t length = sizeof family;
    ::getsockopt(client.get(), SOL_SOCKET, SO_DOMAIN, &family, &length);
    make_room();
    if (connections_.size() >= door_.connections) return true;  // all are at work: the new client is closed
    Connection::Stream stream(io_.get_executor());
    error_code failed;
    stream.socket().assign(asio::generic::stream_protocol(family, 0), client.get(), failed);
    if (failed) return true;
    (void)client.release();
    auto connection = std::make_shared<Connection>(
        std::move(stream), door_.handler, door_.limits,
        Connection::Callbacks{.gone =
                                  [this](const Connection& gone) {
                                    connections_.remove_if([&](const auto& each) { return each.get() == &gone; });
                                  },
                              .may_stream = [this] { return may_stream(); }});
    connections_.push_back(connection);
    connection->start();
    return true;
  }

  /// The oldest connection is first in the list.
  void make_room() {
    if (connections_.size() < door_.connections) return;
    auto found = std::ranges::find_if(connections_, [](const auto& each) { return each->idle(); });
    const TimePoint now = Clock::now();
    if (found == connections_.end())
      found = std::ranges::find_if(connections_, [now](const auto& each) { return each->slow(now); });
    if (found != connections_.end()) std::shared_ptr<Connection>(*found)->close();
  }

  [[nodiscard]] bool may_stream() const {
    const auto streams = std::ranges::count_if(connections_, [](const auto& each) { return each->streams(); });
    return static_cast<std::size_t>(streams) < (door_.connections + 1) / 2;
  }

  asio::io_context& io_;
  Door door_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::list<std::shared_ptr<Connection>> connections_;
};

}  // namespace

class Server::Impl {
 public:
  Impl() : guard_(asio::make_work_guard(io_)) {}
  ~Impl() { stop(); }
  void stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void add(Door door) { entrances_.push_back(std::make_unique<Entrance>(io_, std::move(door))); }
  void repeat(std::chrono::milliseconds interval, std::function<void()> work) {
    repeated_.push_back(std::make_unique<Repeated>(Repeated{asio::steady_timer(io_), interval, std::move(work)}));
  }
  Result<void> start();
  void post(std::function<void()> work) { asio::post(io_, std::move(work)); }

 private:
  struct Repeated {
    asio::steady_timer timer;
    std::chrono::milliseconds interval;
    std::function<void()> work;
  };
  void run();
  static void again(Repeated& repeated);

  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  std::vector<std::unique_ptr<Entrance>> entrances_;
  std::vector<std::unique_ptr<Repeated>> repeated_;
  std::thread thread_;
};

Result<void> Server::Impl::start() {
  for (const auto& each : entrances_) each->start();
  for (const auto& each : repeated_) again(*each);
  const BlockedSignals blocked;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    return failure("start the thread of the administration", error.code().value());
  }
  return {};
}

void Server::Impl::again(Repeated& repeated) {
  repeated.timer.expires_after(repeated.interval);
  repeated.timer.async_wait([&repeated](error_code error) {
    if (error) return;
    // Continues even if `work` throws because memory is short.
    struct Next {
      ~Next() { again(repeated); }
      Repeated& repeated;
    } const next{repeated};
    repeated.work();
  });
}

void Server::Impl::run() {
  pthread_setname_np(pthread_self(), "admin");
  // False: memory was short for one request. Its connection is closed, and the others continue.
  const auto serves_until_stopped = [this] {
    try {
      io_.run();
      return true;
    } catch (const std::exception&) {
      return false;
    }
  };
  while (!serves_until_stopped()) {
  }
}

Server::Server() : impl_(std::make_unique<Impl>()) {}
Server::~Server() = default;
void Server::add(Door door) { impl_->add(std::move(door)); }
void Server::repeat(std::chrono::milliseconds interval, std::function<void()> work) {
  impl_->repeat(interval, std::move(work));
}
Result<void> Server::start() { return impl_->start(); }
void Server::stop() { impl_->stop(); }
void Server::post(std::function<void()> work) { impl_->post(std::move(work)); }

}  // namespace lastbyte::admin
