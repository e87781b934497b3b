#include "peers/header.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <span>
#include <thread>
#include <variant>

namespace lastbyte::peers {
namespace {

namespace pp = net::proxy_protocol;

constexpr const char* kToldSource = "192.0.2.10";
constexpr std::uint16_t kToldPort = 51'000;
constexpr const char* kToldDestination = "198.51.100.20";
constexpr std::uint16_t kToldDestinationPort = 443;

/// The pause before another look at a header of which a part has arrived. poll(2) cannot wait for the rest, because the
/// socket is already readable.
constexpr Duration kMorePause{1};

const char* name_of(pp::Version version) {
  switch (version) {
    case pp::Version::v1: return "version 1";
    case pp::Version::v2: return "version 2";
  }
  return "?";
}

void wait(int fd, Wakeup& wakeup, TimePoint until, bool in_part) {
  if (in_part) std::this_thread::sleep_for(kMorePause);
  std::array<pollfd, 2> polled{{{fd, POLLIN, 0}, {wakeup.fd(), POLLIN, 0}}};
  const auto left = std::chrono::ceil<Duration>(until - Clock::now()).count();
  ::poll(polled.data(), polled.size(), static_cast<int>(std::max<Duration::rep>(left, 0)));
  if (polled[1].revents != 0) wakeup.clear();
}

void note(const pp::Header& header, pp::Version version, Observed& seen) {
  seen.header = true;
  seen.told = header.source;
  if (header.version != version)
    seen.header_failure = std::string("it has ") + name_of(header.version) + "; expected " + name_of(version);
}

}  // namespace

net::Address told_by_clients() { return *net::Address::parse(kToldSource, kToldPort); }

std::string header_of(pp::Version version) {
  const pp::Header header{.version = version,
                          .source = told_by_clients(),
                          .destination = *net::Address::parse(kToldDestination, kToldDestinationPort)};
  return *pp::format(header);
}

void take_header(int fd, pp::Version version, Wakeup& wakeup, const std::atomic<bool>& stopped, TimePoint began,
                 TimePoint until, Observed& seen) {
  std::array<std::byte, pp::kUsualLongest> bytes{};
  const auto elapsed = [&] { return std::chrono::duration_cast<Elapsed>(Clock::now() - began); };
  while (!stopped && Clock::now() < until) {
    const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), MSG_PEEK);
    if (got < 0 && errno != EAGAIN && errno != EINTR) {
      seen.error = errno;
      seen.error_at = elapsed();
      seen.header_failure = "the connection failed before the header, " + errno_name(seen.error);
      return;
    }
    if (got == 0) {
      seen.header_failure = "the connection ended before the header";
      return;
    }
    const auto come = std::span(bytes).first(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    const auto parsed = pp::parse(come);
    if (const auto* refusal = std::get_if<pp::Refusal>(&parsed)) {
      seen.header_failure = refusal->reason;
      return;
    }
    if (const auto* header = std::get_if<pp::Header>(&parsed)) {
      if (::recv(fd, bytes.data(), header->length, 0) != static_cast<ssize_t>(header->length)) continue;
      note(*header, version, seen);
      return;
    }
    wait(fd, wakeup, until, got > 0);
  }
  seen.header_failure = "the header did not arrive in time";
}

}  // namespace lastbyte::peers
