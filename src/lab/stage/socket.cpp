#include "lab/stage/socket.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <thread>
#include <vector>

#include "base/result.h"
#include "kernel/reset/event.h"
#include "lab/stage/stage.h"
#include "net/socket/calls.h"
#include "net/socket/filter.h"
#include "process/eventually.h"
#include "process/spawn.h"

namespace lastbyte::lab {
namespace {

short wait_for(int fd, short events, int wait_ms = kStagePatienceMs) {
  pollfd waited{fd, events, 0};
  return ::poll(&waited, 1, wait_ms) == 1 ? waited.revents : short{0};
}

const char* name_of_how(int how) { return how == SHUT_RD ? "SHUT_RD" : how == SHUT_WR ? "SHUT_WR" : "SHUT_RDWR"; }

std::string flags_text(int flags) {
  std::string out;
  for (const auto& [flag, name] : {std::pair(MSG_PEEK, "MSG_PEEK"), std::pair(MSG_WAITALL, "MSG_WAITALL"),
                                   std::pair(MSG_OOB, "MSG_OOB"), std::pair(MSG_NOSIGNAL, "MSG_NOSIGNAL")})
    if ((flags & flag) != 0 && flag != MSG_NOSIGNAL) out += std::string(", ") + name;
  return out;
}

/// Whether TCP has sent something that is not acknowledged. Of other sockets it tells nothing.
bool on_its_way(int fd) {
  int waits = 0;
  int unsent = 0;
  return ::ioctl(fd, SIOCOUTQ, &waits) == 0 && ::ioctl(fd, SIOCOUTQNSD, &unsent) == 0 && waits != unsent;
}

std::string seconds_text(double ms) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f s", ms / 1000);
  return text.data();
}

}  // namespace

std::string in_order(std::initializer_list<std::string> outcomes) {
  std::string out;
  for (const std::string& each : outcomes) out += (out.empty() ? "" : ", ") + each;
  return out;
}

std::string outcome_of(long result) { return result < 0 ? errno_name(errno) : std::to_string(result); }

Socket::Socket(Stage& stage, Who who, Descriptor socket) : stage_(&stage), who_(who), socket_(std::move(socket)) {}

Socket::~Socket() {
  const process::NoCopies close_closes;
  socket_.close();
}

Socket& Socket::operator=(Socket&& other) noexcept {
  const process::NoCopies close_closes;
  stage_ = other.stage_;
  who_ = other.who_;
  socket_ = std::move(other.socket_);
  return *this;
}

template <typename Call>
std::string Socket::noted(const std::string& what, Call call) {
  const wire::Moment began = now();
  const std::string outcome = outcome_of(call());
  stage_->note_at(began, who_, EventKind::call, what + " = " + outcome);
  return outcome;
}

net::Address Socket::local() const { return net::local_address(socket_.get()); }

net::Address Socket::remote() const { return net::peer_address(socket_.get()); }

std::string Socket::bind(const net::Address& at) {
  const std::string outcome =
      noted("bind(" + at.text() + ")", [&] { return ::bind(socket_.get(), at.data(), at.size()); });
  if (outcome == "0") stage_->own_port(who_, local().port());
  return outcome;
}

std::string Socket::listen(int backlog) {
  return noted("listen(" + std::to_string(backlog) + ")", [&] { return ::listen(socket_.get(), backlog); });
}

std::string Socket::connect(const net::Address& to, int wait_ms) {
  const wire::Moment began = now();
  std::string outcome = outcome_of(::connect(socket_.get(), to.data(), to.size()));
  if (outcome == "EINPROGRESS" && wait_ms != 0 && wait_for(socket_.get(), POLLOUT, wait_ms) != 0) {
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    outcome = error == 0 ? "0" : errno_name(error);
  }
  stage_->own_port(who_, local().port());
  stage_->note_at(began, who_, EventKind::call, "connect(" + to.text() + ") = " + outcome);
  return outcome;
}

bool Socket::await_connected() const { return wait_for(socket_.get(), POLLOUT) != 0; }

Socket Socket::accept() {
  if (wait_for(socket_.get(), POLLIN) == 0) return {};
  Descriptor accepted(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  stage_->note(who_, EventKind::call, "accept() = " + std::string(accepted ? "a connection" : errno_name(errno)));
  return accepted ? Socket(*stage_, who_, std::move(accepted)) : Socket();
}

std::string Socket::send(std::size_t bytes, int flags) {
  const std::vector<char> data(bytes, 'x');
  return noted("send(" + std::to_string(bytes) + flags_text(flags) + ")",
               [&] { return ::send(socket_.get(), data.data(), data.size(), flags | MSG_NOSIGNAL); });
}

std::string Socket::send_text(std::string_view text) {
  const std::string first_line(text.substr(0, text.find('\r')));
  return noted("send(" + std::to_string(text.size()) + ": " + first_line + ")",
               [&] { return ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL); });
}

std::size_t Socket::fill() {
  const wire::Moment began = now();
  const std::vector<char> data(65536, 'x');
  std::size_t total = 0;
  // A peer that reads nothing still makes room: its delayed acknowledgement comes after 40 ms or more. Readiness does
  // not report less than a third of the buffer (include/net/sock.h sk_stream_is_writeable).
  constexpr int kFullLooks = 3;
  const TimePoint end = Clock::now() + kStagePatience;
  for (int full = 0; full < kFullLooks && Clock::now() < end;) {
    const ssize_t sent = ::send(socket_.get(), data.data(), data.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      total += static_cast<std::size_t>(sent);
      full = 0;
    } else if (errno != EAGAIN) {
      break;
    } else {
      full = on_its_way(socket_.get()) ? 0 : full + 1;
      std::this_thread::sleep_for(Duration(60));
    }
  }
  stage_->note_at(began, who_, EventKind::call, "send(...) until EAGAIN");
  return total;
}

std::string Socket::recv(std::size_t bytes, int flags, bool wait) {
  if (wait) wait_for(socket_.get(), POLLIN);
  std::vector<char> data(bytes);
  const std::string outcome = outcome_of(::recv(socket_.get(), data.data(), data.size(), flags));
  stage_->note(who_, EventKind::call, "recv(" + std::to_string(bytes) + flags_text(flags) + ") = " + outcome);
  return outcome;
}

std::string Socket::read_to_end(int wait_ms) { return read_to_end(0, wait_ms); }

std::string Socket::read_sent_to_end(std::size_t sent, int wait_ms) { return read_to_end(sent, wait_ms); }

std::string Socket::read_to_end(std::size_t sure, int wait_ms) {
  std::vector<char> data(65536);
  std::size_t total = 0;
  std::string end;
  while (end.empty()) {
    if (wait_for(socket_.get(), POLLIN, total < sure ? kStagePatienceMs : wait_ms) == 0) {
      end = "then nothing";
      break;
    }
    const ssize_t got = ::recv(socket_.get(), data.data(), data.size(), 0);
    if (got > 0) total += static_cast<std::size_t>(got);
    if (got == 0) end = "FIN";
    if (got < 0 && errno != EAGAIN) end = errno_name(errno);
  }
  const std::string outcome = std::to_string(total) + " bytes, " + end;
  stage_->note(who_, EventKind::call, "reads to the end: " + outcome);
  return outcome;
}

std::string Socket::shutdown(int how) {
  return noted(std::string("shutdown(") + name_of_how(how) + ")", [&] { return ::shutdown(socket_.get(), how); });
}

std::string Socket::close() {
  std::string outcome;
  close_timed({}, outcome);
  return outcome;
}

double Socket::close_timed(const std::function<void()>& right_before) {
  std::string outcome;
  return close_timed(right_before, outcome);
}

double Socket::close_timed(const std::function<void()>& right_before, std::string& outcome) {
  const process::NoCopies close_closes;
  const int fd = socket_.release();
  if (right_before) right_before();
  const wire::Moment began = now();
  outcome = outcome_of(::close(fd));
  const double ms = std::chrono::duration<double, std::milli>(now() - began).count();
  constexpr double kBlocked = 50;
  stage_->note_at(began, who_, EventKind::call, ms < kBlocked ? "close() = " + outcome : "close() ...");
  if (ms >= kBlocked) stage_->note(who_, EventKind::call, "... close() = " + outcome + " after " + seconds_text(ms));
  return ms;
}

std::string Socket::set(int level, int option, int value, const char* name) {
  return noted(std::string(name) + " " + std::to_string(value),
               [&] { return ::setsockopt(socket_.get(), level, option, &value, sizeof value); });
}

std::string Socket::linger(bool on, int seconds) {
  const ::linger value{on ? 1 : 0, seconds};
  return noted("SO_LINGER {" + std::string(on ? "1" : "0") + "," + std::to_string(seconds) + "}",
               [&] { return ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &value, sizeof value); });
}

void Socket::set_blocking(bool blocking) {
  const int flags = ::fcntl(socket_.get(), F_GETFL);
  ::fcntl(socket_.get(), F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

void Socket::hear_data_alone() {
  // A filter's packet begins with the TCP header (net/ipv4/tcp_ipv4.c tcp_filter); its length in words is in the upper
  // half of byte 12.
  constexpr std::array kOnlyWithData{
      sock_filter{BPF_LD | BPF_B | BPF_ABS, 0, 0, 12}, sock_filter{BPF_ALU | BPF_AND | BPF_K, 0, 0, 0xf0},
      sock_filter{BPF_ALU | BPF_RSH | BPF_K, 0, 0, 2}, sock_filter{BPF_MISC | BPF_TAX, 0, 0, 0},
      sock_filter{BPF_LD | BPF_W | BPF_LEN, 0, 0, 0},  sock_filter{BPF_JMP | BPF_JGT | BPF_X, 0, 1, 0},
      sock_filter{BPF_RET | BPF_K, 0, 0, 0xffffffff},  sock_filter{BPF_RET | BPF_K, 0, 0, 0}};
  net::attach_filter(socket_.get(), kOnlyWithData);
}

std::string Socket::state() const {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(socket_.get(), IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return "?";
  return std::string(kernel::state_text(info.tcpi_state));
}

std::string Socket::note_state() {
  std::string text = state();
  stage_->note(who_, EventKind::state, text);
  return text;
}

std::string Socket::pending_error() {
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  std::string text = error == 0 ? "0" : errno_name(error);
  stage_->note(who_, EventKind::call, "SO_ERROR = " + text);
  return text;
}

int Socket::unread() const {
  int bytes = 0;
  ::ioctl(socket_.get(), SIOCINQ, &bytes);
  return bytes;
}

int Socket::unacknowledged() const {
  int bytes = 0;
  ::ioctl(socket_.get(), SIOCOUTQ, &bytes);
  return bytes;
}

bool Socket::wait_unread(int bytes) const {
  return process::eventually([&] { return unread() >= bytes; }, kStagePatience, Duration(1));
}

bool Socket::wait_acknowledged() const {
  return process::eventually([&] { return unacknowledged() == 0; }, kStagePatience, Duration(1));
}

bool Socket::wait_hangup(int wait_ms) const { return wait_for(socket_.get(), POLLRDHUP, wait_ms) != 0; }

bool Socket::wait_reset() const {
  return process::eventually([&] { return state() == "CLOSE"; }, kStagePatience, Duration(1));
}

}  // namespace lastbyte::lab
