#include "lab/resilience/exchange.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/descriptor.h"
#include "net/socket/calls.h"

namespace lastbyte::lab::resilience {
namespace {

constexpr std::array<char, 4> kMark{'l', 'a', 'b', '1'};

/// Sends the request step by step. A request for an early answer has no end, so the server's refusal meets it under
/// way.
class Sending {
 public:
  Sending(const Descriptor& socket, const Head& head) : socket_(socket), fault_(head.fault) {
    const auto bytes = encode(head);
    text_.assign(bytes.begin(), bytes.end());
    text_.resize(kRequest, 'q');
  }

  [[nodiscard]] bool done() const { return failed_ || sent_ == text_.size(); }
  [[nodiscard]] bool failed() const { return failed_; }

  void go_on() {
    const ssize_t sent = ::send(socket_.get(), text_.data() + sent_, text_.size() - sent_, MSG_NOSIGNAL);
    if (sent < 0) {
      failed_ = errno != EAGAIN && errno != EINTR;
      return;
    }
    sent_ += static_cast<std::size_t>(sent);
    if (sent_ != text_.size()) return;
    if (fault_ == Fault::half_close) ::shutdown(socket_.get(), SHUT_WR);
    if (fault_ == Fault::early_answer) sent_ = kHead;  // send the rest again and again
  }

 private:
  const Descriptor& socket_;
  Fault fault_;
  std::string text_;
  std::size_t sent_ = 0;
  bool failed_ = false;
};

int wait_until(TimePoint end, const Descriptor& socket, short events) {
  pollfd waited{socket.get(), events, 0};
  const auto left = std::chrono::duration_cast<Duration>(end - Clock::now()).count();
  return ::poll(&waited, 1, static_cast<int>(std::max<long>(left, 0))) == 1 ? waited.revents : 0;
}

std::optional<Ending> connect(const Descriptor& socket, const net::Address& at, TimePoint end) {
  if (::connect(socket.get(), at.data(), at.size()) == 0) return std::nullopt;
  if (errno != EINPROGRESS) return Ending::refused;
  if (wait_until(end, socket, POLLOUT) == 0) return Ending::silent;
  return net::take_error(socket.get()) == 0 ? std::nullopt : std::optional(Ending::refused);
}

}  // namespace

std::array<char, kHead> encode(const Head& head) {
  std::array<char, kHead> bytes{};
  std::ranges::copy(kMark, bytes.begin());
  bytes[4] = static_cast<char>(head.fault);
  std::memcpy(bytes.data() + 8, &head.number, sizeof head.number);
  return bytes;
}

std::optional<Head> decode(const std::array<char, kHead>& bytes) {
  if (!std::equal(kMark.begin(), kMark.end(), bytes.begin())) return std::nullopt;
  const auto fault = static_cast<std::uint8_t>(bytes[4]);
  if (fault > kKinds) return std::nullopt;
  Head head{.fault = static_cast<Fault>(fault)};
  std::memcpy(&head.number, bytes.data() + 8, sizeof head.number);
  return head;
}

std::string answer_to(std::uint64_t number) {
  std::string text;
  text.reserve(kAnswer);
  for (std::uint64_t at = 0; text.size() < kAnswer; ++at) {
    const std::uint64_t word = number * 0x9e3779b97f4a7c15ULL + at;
    text.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  return text;
}

std::string_view name_of(Ending ending) {
  switch (ending) {
    case Ending::whole: return "the whole answer";
    case Ending::refused: return "no connection";
    case Ending::reset: return "a reset";
    case Ending::cut_short: return "a FIN too early";
    case Ending::silent: return "nothing in time";
    case Ending::garbled: return "other bytes";
  }
  return "?";
}

Ending ask(const net::Address& at, const Head& head) {
  const TimePoint end = Clock::now() + kPatience;
  const Descriptor socket(::socket(at.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (const auto failed = connect(socket, at, end)) return *failed;
  Sending sending(socket, head);
  const std::string wanted = answer_to(head.number);
  std::string got;
  while (got.size() < wanted.size()) {
    const int ready = wait_until(end, socket, static_cast<short>(sending.done() ? POLLIN : POLLIN | POLLOUT));
    if (ready == 0) return Ending::silent;
    if (!sending.done() && (ready & POLLOUT) != 0) sending.go_on();
    std::array<char, 16384> buffer{};
    const ssize_t read = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (read > 0) got.append(buffer.data(), static_cast<std::size_t>(read));
    // The kernel reports an error once. If a write took it, a read that returns 0 is no FIN.
    if (read == 0) return sending.failed() ? Ending::reset : Ending::cut_short;
    if (read < 0 && errno != EAGAIN && errno != EINTR) return Ending::reset;
    if (wanted.compare(0, got.size(), got) != 0) return Ending::garbled;
  }
  return Ending::whole;
}

}  // namespace lastbyte::lab::resilience
