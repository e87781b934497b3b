// The reads and writes of a connection, and the meaning of their results.
#include <algorithm>
#include <cerrno>

#include "sock/talk/stream.h"

namespace lastbyte::sock {
namespace {

constexpr char kUrgentByte = '!';

bool is_later(const Outcome& outcome) { return outcome.error == EAGAIN || outcome.error == EINTR; }

}  // namespace

void Stream::act_on_socket(short events, TimePoint now) {
  constexpr short trouble = POLLERR | POLLHUP;
  const bool may_have_input = (events & (POLLIN | trouble)) != 0;
  if ((events & POLLPRI) != 0) read_urgent();
  bool tried = false;
  if (may_have_input && may_read(now)) {
    read_once(now);
    tried = true;
  }
  if ((events & (POLLOUT | trouble)) != 0 && may_write(now)) {
    write_once(now);
    tried = true;
  }
  if (!tried && (events & trouble) != 0) note_hang_up();
}

/// Takes the error after poll(2) reported trouble while nothing was to be read or written.
void Stream::note_hang_up() {
  hung_up_ = true;
  const auto outcome = take_error(fd(), narrator_);
  if (outcome.ok()) return;
  keep_error("SO_ERROR", outcome.error);
  sending_ = Sending::failed;
}

Outcome Stream::receive_into_buffer() {
  if (!received_.checked) return receive_nothing(fd(), buffer_.size(), narrator_);
  const auto outcome = receive(fd(), buffer_, narrator_);
  if (outcome.value <= 0) return outcome;
  const auto length = static_cast<std::size_t>(outcome.value);
  received_.checksum.add({buffer_.data(), length});
  traffic_.received({buffer_.data(), length});
  return outcome;
}

void Stream::read_once(TimePoint now) {
  const auto outcome = receive_into_buffer();
  look();
  if (is_later(outcome)) return;
  progress_ = now;
  next_read_ = now + options().delays.read;
  if (outcome.value > 0) {
    received_.bytes += static_cast<std::uint64_t>(outcome.value);
    ++received_.calls;
    return;
  }
  if (!outcome.ok()) keep_error("recv", outcome.error);
  if (error_code_ != 0) {
    receiving_ = Receiving::failed;
    sending_ = Sending::failed;
    return;
  }
  receiving_ = Receiving::ended;
  traffic_.peer_ended();
}

void Stream::read_urgent() {
  char byte = 0;
  if (receive_urgent(fd(), byte, narrator_).value != 1) return;
  ++received_.urgent;
  narrator_.line(std::string("urgent byte '") + byte + "'");
}

/// Returns false if the urgent byte could not be sent. No other byte may be sent before it.
bool Stream::send_urgent_if_due(TimePoint now) {
  if (options().urgent != sent_.calls + 1 || sent_.urgent > 0) return true;
  const auto outcome = send_urgent(fd(), kUrgentByte, narrator_);
  if (outcome.ok()) {
    ++sent_.urgent;
    return true;
  }
  if (!is_later(outcome)) {
    keep_error("send", outcome.error);
    sending_ = Sending::failed;
    progress_ = now;
  }
  return false;
}

void Stream::write_once(TimePoint now) {
  if (!send_urgent_if_due(now)) return;
  const auto bytes = traffic_.outgoing();
  const auto outcome = send_bytes(fd(), bytes, narrator_);
  look();
  if (is_later(outcome)) return;
  progress_ = now;
  next_write_ = now + options().delays.write;
  if (!outcome.ok()) {
    // Only this direction has ended: data that the peer sent before its reset is still readable.
    keep_error("send", outcome.error);
    sending_ = Sending::failed;
    return;
  }
  const auto taken = static_cast<std::size_t>(outcome.value);
  sent_.checksum.add(bytes.substr(0, taken));
  sent_.bytes += taken;
  ++sent_.calls;
  traffic_.took(taken);
}

void Stream::write_output() {
  auto& output = traffic_.output();
  const auto written = around_.output.write_some(output);
  if (written >= 0) {
    output.erase(0, static_cast<std::size_t>(written));
    return;
  }
  const int error = errno;
  error_ = "standard output: " + errno_name(error);
  narrator_.line(error_);
  output.clear();
  if (!closing()) close_at_ = Clock::now() + options().delays.close;
  ending_ = Ending::output_failed;
}

}  // namespace lastbyte::sock
