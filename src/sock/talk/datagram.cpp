// UDP: each read of standard input becomes a datagram, and each datagram goes whole to standard output. There is no end
// of file: a run ends by -w, -q, -W, --at-eof=close or a signal.
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <vector>

#include "sock/socket/calls.h"
#include "sock/socket/endpoints.h"
#include "sock/talk/loops.h"
#include "sock/talk/report.h"
#include "sock/talk/traffic.h"

namespace lastbyte::sock {
namespace {

constexpr std::size_t most_output = 262'144;  // bytes held for standard output before reading pauses

class Datagrams {
 public:
  Datagrams(const Run& run, Endpoint&& endpoint);
  int until_done();

 private:
  [[nodiscard]] const Options& options() const { return run_.options; }
  [[nodiscard]] bool has_peer() const { return !endpoint_.peer.none(); }
  [[nodiscard]] bool may_read(TimePoint now) const;
  [[nodiscard]] bool may_write(TimePoint now) const;
  [[nodiscard]] bool may_take_input() const;
  [[nodiscard]] TimePoint wake_at(TimePoint now) const;
  void read_one(TimePoint now);
  void meet(const SockAddress& from);
  void write_one(TimePoint now);
  void write_output();
  void fail_with(std::string_view call, int error);
  void look_for_end(TimePoint now);
  [[nodiscard]] Ending due_ending(TimePoint now) const;
  void report();

  const Run& run_;
  Endpoint endpoint_;
  bool connected_;
  std::vector<char> buffer_;
  Traffic traffic_;                     ///< the data of a source or of standard input
  std::optional<std::string> waiting_;  ///< a datagram to send back
  std::string output_;

  Ending ending_ = Ending::none;
  std::string error_;
  Tally sent_;
  Tally received_;
  TimePoint started_ = Clock::now();
  TimePoint progress_ = started_;
  TimePoint next_read_;
  TimePoint next_write_;
  std::optional<TimePoint> nothing_more_since_;
};

Datagrams::Datagrams(const Run& run, Endpoint&& endpoint)
    : run_(run),
      endpoint_(std::move(endpoint)),
      connected_(!endpoint_.peer.none()),
      buffer_(run.options.read_size),
      traffic_(run.options, ""),
      next_read_(started_ + run.options.delays.start + run.options.delays.read),
      next_write_(started_ + run.options.delays.start + run.options.delays.write) {
  received_.checked = options().mode != Mode::discard;
}

bool Datagrams::may_read(TimePoint now) const {
  const bool room = output_.size() < most_output && !(options().mode == Mode::echo && waiting_);
  return ending_ == Ending::none && options().read_peer && room && now >= next_read_;
}

bool Datagrams::may_write(TimePoint now) const {
  const bool something = waiting_ || traffic_.has_outgoing();
  return ending_ == Ending::none && has_peer() && something && now >= next_write_;
}

bool Datagrams::may_take_input() const {
  return ending_ == Ending::none && has_peer() && !traffic_.has_outgoing() && run_.input.open();
}

TimePoint Datagrams::wake_at(TimePoint now) const {
  auto at = TimePoint::max();
  const auto by = [&](bool matters, TimePoint when) {
    if (matters) at = std::min(at, when);
  };
  if (ending_ != Ending::none) return at;  // only standard output remains to be written
  by(next_read_ > now, next_read_);
  by(next_write_ > now, next_write_);
  if (options().timeout) by(true, progress_ + *options().timeout);
  if (options().quit_after && nothing_more_since_) by(true, *nothing_more_since_ + *options().quit_after);
  return at;
}

/// A server learns its peer from the first datagram; with -k, from each datagram.
void Datagrams::meet(const SockAddress& from) {
  if (connected_) return;
  endpoint_.peer = from;
  if (options().keep_open) return;
  const auto outcome = connect_socket(endpoint_.socket.get(), from, run_.narrator);
  if (!outcome.ok()) return fail_with("connect", outcome.error);
  connected_ = true;
}

void Datagrams::fail_with(std::string_view call, int error) {
  // With many peers, the failure of one is no failure of the others.
  if (!connected_ && options().role == Role::server) return;
  ending_ = Ending::failed;
  error_ = std::string(call) + ": " + errno_name(error);
}

void Datagrams::read_one(TimePoint now) {
  SockAddress from;
  const auto outcome = receive_datagram(endpoint_.socket.get(), buffer_, from, run_.narrator);
  if (outcome.error == EAGAIN || outcome.error == EINTR) return;
  progress_ = now;
  next_read_ = now + options().delays.read;
  if (!outcome.ok()) return fail_with("recvfrom", outcome.error);
  const auto whole = static_cast<std::size_t>(outcome.value);
  const auto bytes = std::string_view(buffer_.data(), std::min(whole, buffer_.size()));
  if (bytes.size() < whole) run_.narrator.line("the datagram was longer than --read-size: its end is lost");
  ++received_.calls;
  received_.bytes += bytes.size();
  if (received_.checked) received_.checksum.add(bytes);
  meet(from);
  if (options().mode == Mode::relay) output_ += bytes;
  if (options().mode == Mode::echo) waiting_ = std::string(bytes);
}

void Datagrams::write_one(TimePoint now) {
  const std::string_view bytes = waiting_ ? std::string_view(*waiting_) : traffic_.outgoing();
  const auto to = connected_ ? SockAddress() : endpoint_.peer;
  const auto outcome = send_datagram(endpoint_.socket.get(), bytes, to, run_.narrator);
  if (outcome.error == EAGAIN || outcome.error == EINTR) return;
  progress_ = now;
  next_write_ = now + options().delays.write;
  if (outcome.ok()) {
    ++sent_.calls;
    sent_.bytes += bytes.size();
    sent_.checksum.add(bytes);
  } else {
    fail_with("sendto", outcome.error);
  }
  if (waiting_) {
    waiting_.reset();
  } else {
    traffic_.took(bytes.size());
  }
}

void Datagrams::write_output() {
  const auto written = run_.output.write_some(output_);
  if (written >= 0) {
    output_.erase(0, static_cast<std::size_t>(written));
    return;
  }
  error_ = "standard output: " + errno_name(errno);
  output_.clear();
  ending_ = Ending::output_failed;
}

Ending Datagrams::due_ending(TimePoint now) const {
  if (options().receive_limit && received_.calls >= *options().receive_limit && !waiting_) {
    return Ending::receive_limit;
  }
  const bool close_at_once = options().at_eof == AtEof::close || options().at_eof == AtEof::reset;
  if (nothing_more_since_ && close_at_once) return Ending::closed;
  if (options().quit_after && nothing_more_since_ && now >= *nothing_more_since_ + *options().quit_after) {
    return Ending::closed;
  }
  if (options().timeout && now >= progress_ + *options().timeout) return Ending::idle;
  return Ending::none;
}

void Datagrams::look_for_end(TimePoint now) {
  const bool relay_over = options().mode == Mode::relay && !run_.input.open() && !traffic_.has_outgoing();
  const bool source_over = options().mode == Mode::source && !traffic_.has_outgoing();
  if (!nothing_more_since_ && has_peer() && (relay_over || source_over)) nothing_more_since_ = now;
  if (ending_ == Ending::none) ending_ = due_ending(now);
}

void Datagrams::report() {
  if (!options().report) return;
  const int fd = endpoint_.socket.get();
  const Report report{.local = SockAddress::local_of(fd).text(),
                      .peer = endpoint_.peer.text(),
                      .unit = "datagram",
                      .sent = sent_,
                      .received = received_,
                      .ending = ending_,
                      .error = error_,
                      .with_reset = false,
                      .lasted = Clock::now() - started_,
                      .unwritten = traffic_.unsent() + (waiting_ ? waiting_->size() : 0),
                      .tcp = std::nullopt,
                      .queues = look_at_queues(fd)};
  run_.narrator.say(report_text(report));
}

int Datagrams::until_done() {
  look_for_end(Clock::now());
  while (ending_ == Ending::none || !output_.empty()) {
    auto now = Clock::now();
    short events = 0;
    if (may_read(now)) events |= POLLIN;
    if (may_write(now)) events |= POLLOUT;
    pollfd seen[] = {{run_.stop.fd(), POLLIN, 0},
                     {events == 0 ? -1 : endpoint_.socket.get(), events, 0},
                     {may_take_input() ? run_.input.fd() : -1, POLLIN, 0},
                     {output_.empty() ? -1 : run_.output.fd(), POLLOUT, 0}};
    if (::poll(seen, 4, poll_timeout(wake_at(now), now)) < 0) continue;
    now = Clock::now();
    if (seen[3].revents != 0) write_output();
    if (seen[0].revents != 0) {
      if (ending_ == Ending::none) ending_ = Ending::stopped;
      break;
    }
    if ((seen[1].revents & (POLLIN | POLLERR)) != 0 && may_read(now)) read_one(now);
    if ((seen[1].revents & (POLLOUT | POLLERR)) != 0 && may_write(now)) write_one(now);
    if (seen[2].revents != 0) {
      std::string bytes;
      run_.input.read_into(bytes, options().write_size);
      traffic_.supplied(bytes);
      if (!bytes.empty()) progress_ = now;
    }
    look_for_end(now);
  }
  if (options().delays.close.count() > 0) {
    wait_for(-1, 0, Clock::now() + options().delays.close, run_.stop);
  }
  report();
  close_socket(endpoint_.socket, run_.narrator);
  return is_failure(ending_) ? kExitFailed : kExitOk;
}

Result<Endpoint> open_endpoint(const Run& run) {
  const auto addresses = find_peers(run.options);
  if (!addresses) return Failure(addresses.error());
  if (run.options.role == Role::server) return listen_at(run.options, addresses->front(), run.narrator);
  return connect_to(run.options, *addresses, run.narrator, run.stop);
}

}  // namespace

int run_datagrams(const Run& run) {
  auto endpoint = open_endpoint(run);
  if (!endpoint) return fail(run.narrator, endpoint.error());
  return Datagrams(run, std::move(*endpoint)).until_done();
}

}  // namespace lastbyte::sock
