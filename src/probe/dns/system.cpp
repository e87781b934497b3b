#include "probe/dns/system.h"

#include <boost/asio/post.hpp>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/signals.h"
#include "net/address/endpoint.h"

namespace lastbyte::probe::dns {
namespace asio = boost::asio;

struct SystemLookups::State : std::enable_shared_from_this<State> {
  struct Order {
    std::string host;
    Done done;
  };

  std::mutex mutex;
  asio::io_context* io = nullptr;  ///< null: the SystemLookups object was destroyed
  std::deque<Order> orders;
  std::size_t threads = 0;
  LookUp look_up;

  void give(Done done, Result<std::vector<net::Address>> answer) {
    const std::lock_guard lock(mutex);
    if (io == nullptr) return;
    asio::post(*io, [self = weak_from_this(), done = std::move(done), answer = std::move(answer)]() mutable {
      if (self.lock()) done(std::move(answer));
    });
  }

  void work() {
    for (;;) {
      Order order;
      {
        const std::lock_guard lock(mutex);
        if (io == nullptr || orders.empty()) {
          --threads;
          return;
        }
        order = std::move(orders.front());
        orders.pop_front();
      }
      give(std::move(order.done), look_up(order.host));
    }
  }
};

SystemLookups::SystemLookups(asio::io_context& io, LookUp look_up) : state_(std::make_shared<State>()) {
  state_->io = &io;
  state_->look_up = look_up ? std::move(look_up) : [](const std::string& host) { return net::resolve(host, 0); };
}

SystemLookups::~SystemLookups() {
  const std::lock_guard lock(state_->mutex);
  state_->io = nullptr;
  state_->orders.clear();
}

void SystemLookups::start(std::string host, Done done) {
  bool needs_thread = false;
  {
    const std::lock_guard lock(state_->mutex);
    state_->orders.push_back({std::move(host), std::move(done)});
    needs_thread = state_->threads < kMostThreads;
    if (needs_thread) ++state_->threads;
  }
  if (!needs_thread) return;
  try {
    const BlockedSignals blocked;
    std::thread([state = state_] { state->work(); }).detach();
  } catch (const std::system_error& error) {
    State::Order order;
    {
      const std::lock_guard lock(state_->mutex);
      // If other helpers run, one of them takes the order later. Otherwise, return it with an error.
      if (--state_->threads > 0) return;
      order = std::move(state_->orders.back());
      state_->orders.pop_back();
    }
    state_->give(std::move(order.done), failure("start a thread for look-ups", error.code().value()));
  }
}

}  // namespace lastbyte::probe::dns
