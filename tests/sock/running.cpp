#include "tests/sock/running.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <random>
#include <vector>

namespace lastbyte::sock::test {
namespace {

constexpr std::string_view listening = "listening on ";

std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> out;
  while (!line.empty()) {
    const auto end = std::min(line.find(' '), line.size());
    if (end > 0) out.emplace_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return out;
}

void limit_waiting(const Descriptor& socket) {
  const timeval limit{patience.count(), 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

Pipe make_pipe() {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

Collector::Collector(Descriptor source, bool at_once)
    : source_(std::move(source)), begun_(at_once), thread_([this] { collect(); }) {}

Collector::~Collector() {
  begin();
  thread_.join();
}

void Collector::begin() {
  const std::lock_guard lock(mutex_);
  begun_ = true;
  changed_.notify_all();
}

void Collector::collect() {
  std::array<char, 65536> buffer{};
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return begun_; });
  }
  while (source_) {
    const auto got = ::read(source_.get(), buffer.data(), buffer.size());
    if (got <= 0) break;
    const std::lock_guard lock(mutex_);
    text_.append(buffer.data(), static_cast<std::size_t>(got));
    changed_.notify_all();
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

std::string Collector::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

bool Collector::wait_for(std::string_view part) const {
  std::unique_lock lock(mutex_);
  const auto has_it = [&] { return text_.find(part) != std::string::npos; };
  changed_.wait_for(lock, patience, [&] { return ended_ || has_it(); });
  return has_it();
}

std::string Collector::whole() const {
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(changed_.wait_for(lock, patience, [&] { return ended_; })) << "the output did not end";
  return text_;
}

Running::Running(std::string_view line, Reader reader)
    : stop_(::eventfd(0, EFD_CLOEXEC)),
      output_(reader == Reader::absent ? Descriptor() : std::move(output_pipe_.read), reader != Reader::late),
      errors_(std::move(errors_pipe_.read)) {
  if (reader == Reader::absent) output_pipe_.read.close();
  const auto options = parse(words(line));
  EXPECT_TRUE(options) << line << ": " << options.error().text();
  Options nothing;
  nothing.help = true;
  thread_ = std::thread([this, chosen = options.value_or(nothing)] { work(chosen); });
}

void Running::work(const Options& options) {
  Streams streams;
  streams.input = input_pipe_.read.get();
  streams.output = output_pipe_.write.get();
  streams.errors = errors_pipe_.write.get();
  streams.stop = stop_.get();
  streams.handle_signals = false;
  const int status = run(options, streams);
  input_pipe_.read.close();
  output_pipe_.write.close();
  errors_pipe_.write.close();
  const std::lock_guard lock(mutex_);
  over_ = true;
  status_ = status;
  ended_.notify_all();
}

Running::~Running() {
  stop();
  output_.begin();
  input_pipe_.write.close();
  if (thread_.joinable()) thread_.join();
}

void Running::type(std::string_view text) const {
  while (!text.empty()) {
    const auto written = ::write(input_pipe_.write.get(), text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string Running::address() const {
  EXPECT_TRUE(errors_.wait_for(listening)) << errors_.text();
  const auto text = errors_.text();
  const auto from = std::min(text.find(listening) + listening.size(), text.size());
  return text.substr(from, text.find('\n', from) - from);
}

std::string Running::operands() const {
  auto text = address();
  const auto colon = text.rfind(':');
  if (colon != std::string::npos) text[colon] = ' ';
  std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
  return text;
}

std::uint16_t Running::port() const {
  const auto text = address();
  return static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1)));
}

void Running::stop() const {
  const std::uint64_t one = 1;
  EXPECT_EQ(::write(stop_.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
}

int Running::status() {
  std::unique_lock lock(mutex_);
  if (!ended_.wait_for(lock, patience, [&] { return over_; })) ADD_FAILURE() << "not over: " << errors_.text();
  return status_;
}

std::string Running::whole_output() {
  status();
  return output_.whole();
}

std::string Running::whole_errors() {
  status();
  return errors_.whole();
}

Descriptor connect_raw(std::uint16_t port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  limit_waiting(socket);
  const auto address = loopback(port);
  EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0) << errno;
  return socket;
}

RawListener listen_raw(int backlog) {
  RawListener listener{Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), 0};
  limit_waiting(listener.socket);
  auto address = loopback(0);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(listener.socket.get(), generic, length), 0);
  EXPECT_EQ(::listen(listener.socket.get(), backlog), 0);
  EXPECT_EQ(::getsockname(listener.socket.get(), generic, &length), 0);
  listener.port = ntohs(address.sin_port);
  return listener;
}

Descriptor accept_raw(const RawListener& listener) {
  Descriptor socket(::accept4(listener.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_TRUE(socket) << "nobody connected";
  limit_waiting(socket);
  return socket;
}

void send_raw(const Descriptor& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ASSERT_GT(sent, 0) << errno;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string receive_some(const Descriptor& socket, std::size_t bytes) {
  std::string out;
  std::array<char, 65536> buffer{};
  while (out.size() < bytes) {
    const auto got = ::recv(socket.get(), buffer.data(), std::min(buffer.size(), bytes - out.size()), 0);
    if (got < 0) return out + "<" + errno_name(errno) + ">";
    if (got == 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return out;
}

std::string receive_all(const Descriptor& socket) { return receive_some(socket, static_cast<std::size_t>(-1)); }

void reset_raw(Descriptor& socket) {
  const linger now{1, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  socket.close();
}

std::string noise(std::size_t size) {
  std::minstd_rand random(7);
  std::string out(size, '\0');
  for (auto& c : out) c = static_cast<char>(random() >> 8U);
  return out;
}

}  // namespace lastbyte::sock::test
