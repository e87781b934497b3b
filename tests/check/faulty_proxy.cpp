// A small proxy that keeps the contract, with a thread for each session. It can be started with a planted fault:
//   faulty_proxy FAULT LISTEN_PORT UPSTREAM_PORT
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>
// After the C library's headers of the same things.
#include <linux/sockios.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t kBuffer = 64 * 1024;
constexpr std::size_t kCut = 2 * 1024 * 1024;
constexpr auto kFlushLimit = 10s;
constexpr auto kLingerTimeout = 5s;

/// The planted fault; "none": the proxy is right.
std::string fault;
bool has(const char* name) { return fault == name; }

std::atomic<int> sessions = 0;

struct Side {
  int fd = -1;
  bool input_over = false;
  bool fin_read = false;
  int error = 0;
  bool fin_sent = false;
  bool broken = false;       ///< accepts no more data
  std::string pending = {};  ///< read from this side, for the other side
  std::size_t carried = 0;
};

void reset_and_close(int fd) {
  const linger hard{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ::close(fd);
}

int unacknowledged(int fd) {
  int bytes = 0;
  ::ioctl(fd, SIOCOUTQ, &bytes);
  return bytes;
}

void latch(Side& side, int error) {
  if (side.error == 0) side.error = error;
}

class Session {
 public:
  Session(int client, int upstream) {
    sides_[0].fd = client;
    sides_[1].fd = upstream;
  }

  void run() {
    if (!connect()) return;
    last_heard_ = Clock::now();
    while (step()) wait();
  }

 private:
  Side& other(const Side& side) { return &side == sides_.data() ? sides_[1] : sides_[0]; }

  /// T3: the client may reset in the meantime, and must learn of a failure.
  bool connect() {
    while (true) {
      std::array<pollfd, 2> polled{{{sides_[0].fd, 0, 0}, {sides_[1].fd, POLLOUT, 0}}};
      ::poll(polled.data(), 2, 1000);
      if ((polled[0].revents & POLLERR) != 0) {
        ::close(sides_[0].fd);
        reset_and_close(sides_[1].fd);  // it may have connected at the same moment
        return false;
      }
      if (polled[1].revents == 0) continue;
      int error = 0;
      socklen_t length = sizeof error;
      ::getsockopt(sides_[1].fd, SOL_SOCKET, SO_ERROR, &error, &length);
      if (error == 0 || error == ECONNRESET) {
        sides_[1].error = error;
        return true;
      }
      ::close(sides_[1].fd);
      if (has("refused-as-end")) {
        ::close(sides_[0].fd);
      } else {
        reset_and_close(sides_[0].fd);
      }
      return false;
    }
  }

  bool step() {
    for (Side& side : sides_) {
      // Deliver first: the unlatched fault needs a write before the read.
      deliver(side);
      take(side);
      deliver(side);
      notice_trouble(side);
    }
    for (Side& side : sides_) {
      if (has("early-close") && side.fin_read && side.pending.empty()) return finish();
      if (has("lets-go-on-refusal") && side.broken) return finish();
      pass_fin_on(side);
    }
    for (Side& side : sides_)
      if (side.input_over && !side.fin_read && side.pending.empty()) return pass_failure_on(side, other(side));
    return !ended();
  }

  void take(Side& side) {
    Side& sink = other(side);
    if (side.input_over) return;
    if (!side.pending.empty() && !has("unbounded-buffer")) return;
    std::array<char, kBuffer> buffer;
    const ssize_t got = ::recv(side.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got > 0) {
      last_heard_ = Clock::now();
      const std::size_t before = side.carried;
      side.carried += static_cast<std::size_t>(got);
      auto bytes = static_cast<std::size_t>(got);
      if (has("cut-at-2m")) bytes = before >= kCut ? 0 : std::min(bytes, kCut - before);
      if (!sink.broken) side.pending.append(buffer.data(), bytes);
    } else if (got == 0) {
      side.input_over = true;
      // T10: a read of 0 is a FIN only if the error is EPIPE or none.
      side.fin_read = side.error == 0 || side.error == EPIPE;
    } else if (errno != EAGAIN) {
      latch(side, errno);
      side.input_over = side.broken = true;
    }
  }

  void deliver(Side& source) {
    Side& sink = other(source);
    if (source.pending.empty() || sink.broken) return;
    const ssize_t sent = ::send(sink.fd, source.pending.data(), source.pending.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      source.pending.erase(0, static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN) {
      if (!has("error-not-latched")) latch(sink, errno);
      sink.broken = true;
      source.pending.clear();
    }
  }

  /// Finds a reset that came after the FIN. Only this check shows it.
  static void notice_trouble(Side& side) {
    if (!side.input_over || side.broken) return;
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(side.fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error == 0) return;
    latch(side, error);
    side.broken = true;
  }

  void pass_fin_on(Side& source) {
    Side& sink = other(source);
    if (!source.fin_read || !source.pending.empty() || sink.fin_sent || sink.broken) return;
    ::shutdown(sink.fd, SHUT_WR);
    sink.fin_sent = true;
  }

  /// Passes on a failure (T4). Returns false if the session is over.
  bool pass_failure_on(Side& source, Side& sink) {
    if (failed_ == Clock::time_point{}) failed_ = Clock::now();
    const bool owed = !sink.broken && unacknowledged(sink.fd) > (sink.fin_sent ? 1 : 0);
    if (owed && !has("reset-without-flush") && Clock::now() - failed_ < kFlushLimit) return true;
    ::close(source.fd);
    if (has("fin-for-reset")) {
      // Read all input first, because close() with unread input would send a reset.
      std::array<char, kBuffer> buffer;
      while (::recv(sink.fd, buffer.data(), buffer.size(), MSG_DONTWAIT) > 0) {
      }
      ::close(sink.fd);
    } else {
      reset_and_close(sink.fd);
    }
    return false;
  }

  bool ended() {
    const bool both_fins = sides_[0].fin_read && sides_[1].fin_read;
    for (Side& side : sides_) {
      // The side's output has ended. If the other side still sends, the proxy only reads for a while (T6).
      const bool done = (side.fin_sent || side.broken) && side.input_over;
      const bool lingers = !other(side).input_over && side.broken;
      const bool waited = Clock::now() - last_heard_ > kLingerTimeout;
      if (done && lingers && side.pending.empty() && (waited || has("no-linger"))) return !finish();
    }
    if (!both_fins || !sides_[0].pending.empty() || !sides_[1].pending.empty()) return false;
    for (Side& side : sides_)
      if (!side.fin_sent && !side.broken) return false;
    return !finish();
  }

  bool finish() {
    for (Side& side : sides_) ::close(side.fd);
    return false;
  }

  void wait() {
    std::array<pollfd, 2> polled{};
    for (std::size_t i = 0; i < 2; ++i) {
      const Side& side = sides_[i];
      const Side& from = other(side);
      short events = 0;
      const bool takes = side.pending.empty() || has("unbounded-buffer");
      if (!side.input_over && takes) events = static_cast<short>(events | POLLIN);
      if (!from.pending.empty() && !side.broken) events = static_cast<short>(events | POLLOUT);
      polled[i] = {events == 0 ? -1 : side.fd, events, 0};
    }
    // Some changes raise no event: acknowledgements, errors of a side that is not polled, the end of lingering. They
    // need a look from time to time. If both sides are polled, few of them exist, and the long interval spares the
    // machine with hundreds of sessions.
    const bool both_polled = polled[0].fd >= 0 && polled[1].fd >= 0;
    ::poll(polled.data(), 2, both_polled ? 100 : 5);
  }

  std::array<Side, 2> sides_;
  Clock::time_point failed_ = {};
  Clock::time_point last_heard_ = {};
};

sockaddr_in loopback(const char* port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void keep_urgent_inline(int fd) {
  const int on = has("urgent-lost") ? 0 : 1;
  ::setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
}

void serve(int client, const sockaddr_in& to) {
  // This is no fault: a proxy may take its time.
  if (has("slow-to-connect")) std::this_thread::sleep_for(100ms);
  const int upstream = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (has("descriptor-leak")) ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  keep_urgent_inline(upstream);
  ::connect(upstream, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  Session(client, upstream).run();
  --sessions;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  fault = argv[1];
  const sockaddr_in at = loopback(argv[2]);
  const sockaddr_in to = loopback(argv[3]);
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  if (!has("stops-at-once")) ::sigprocmask(SIG_BLOCK, &stop, nullptr);
  const int signals = ::signalfd(-1, &stop, SFD_CLOEXEC);
  const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  keep_urgent_inline(listening);
  if (::bind(listening, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 || ::listen(listening, 1024) != 0)
    return 1;
  int accepted = 0;
  while (true) {
    std::array<pollfd, 2> polled{{{listening, POLLIN, 0}, {signals, POLLIN, 0}}};
    ::poll(polled.data(), 2, -1);
    if (polled[1].revents != 0) break;
    const int client = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) continue;
    ++sessions;
    if (has("every-third-is-reset") && ++accepted % 3 == 0) {
      reset_and_close(client);
      --sessions;
      continue;
    }
    if (has("one-at-a-time")) {
      serve(client, to);
    } else {
      std::thread(serve, client, to).detach();
    }
  }
  ::close(listening);
  while (sessions > 0) std::this_thread::sleep_for(5ms);
  return 0;
}
