#include "lab/resilience/naive.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <utility>

#include "net/namespace/enter.h"
#include "net/socket/calls.h"

namespace lastbyte::lab::resilience {
namespace {

constexpr int kNaiveBacklog = 128;

/// Returns false after an end, an error or a failed write.
bool copy(int from, int to) {
  std::array<char, 16384> buffer{};
  const ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  for (ssize_t done = 0; done < got;) {
    const ssize_t sent = ::send(to, buffer.data() + done, static_cast<std::size_t>(got - done), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    done += sent;
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<NaiveProxy>> NaiveProxy::start(int network, const net::Address& host,
                                                      const net::Address& upstream) {
  std::unique_ptr<NaiveProxy> proxy(new NaiveProxy(upstream));
  Result<void> outcome;
  const auto entered = net::run_inside(network, [&] {
    proxy->listening_ = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(proxy->listening_.get(), host.data(), host.size()) != 0 ||
        ::listen(proxy->listening_.get(), kNaiveBacklog) != 0)
      outcome = failure_from_errno("listen on " + host.text());
    // A socket belongs to the namespace in which it was made.
    if (outcome) proxy->thread_ = std::thread([raw = proxy.get()] { raw->serve(); });
  });
  if (!entered) return Failure(entered.error());
  if (!outcome) return Failure(outcome.error());
  return proxy;
}

NaiveProxy::~NaiveProxy() {
  stop_.raise();
  if (thread_.joinable()) thread_.join();
}

net::Address NaiveProxy::address() const { return net::local_address(listening_.get()); }

void NaiveProxy::serve() {
  while (true) {
    std::array<pollfd, 2> both{{{listening_.get(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}}};
    ::poll(both.data(), both.size(), -1);
    if (both[1].revents != 0) return;
    const Descriptor client(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client) carry(client);
  }
}

void NaiveProxy::carry(const Descriptor& client) {
  const Descriptor upstream(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  bool connecting = ::connect(upstream.get(), upstream_.data(), upstream_.size()) != 0;
  while (true) {
    // While it connects, the proxy watches only for the client's end.
    std::array<pollfd, 3> all{{{client.get(), static_cast<short>(connecting ? POLLRDHUP : POLLIN), 0},
                               {upstream.get(), static_cast<short>(connecting ? POLLOUT : POLLIN), 0},
                               {stop_.fd(), POLLIN, 0}}};
    ::poll(all.data(), all.size(), -1);
    if (all[2].revents != 0) return;
    if (connecting) {
      if (all[1].revents != 0 && net::take_error(upstream.get()) != 0) return;
      if (all[1].revents == 0 && all[0].revents != 0) return;
      connecting = all[1].revents == 0;
      if (!connecting) ::fcntl(upstream.get(), F_SETFL, 0);  // blocking from now on
      continue;
    }
    if (all[0].revents != 0 && !copy(client.get(), upstream.get())) return;
    if (all[1].revents != 0 && !copy(upstream.get(), client.get())) return;
  }
}

}  // namespace lastbyte::lab::resilience
