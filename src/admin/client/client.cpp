#include "admin/client/client.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <thread>

#include "admin/client/place.h"
#include "admin/client/stream.h"
#include "base/text.h"

namespace lastbyte::admin {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds kRoomPause{20};

std::string joined(const std::vector<std::string>& list, std::string_view between = ", ") {
  std::string all;
  for (const std::string& each : list) all += (all.empty() ? std::string() : std::string(between)) + each;
  return all;
}

void look_into(const std::string& directory, Instances& found) {
  found.places.push_back(directory);
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (!pid_of_socket(entry.path().filename().string())) continue;
    const auto connection = connect_to_admin(entry.path());
    if (connection || connection.error().code == EAGAIN) found.running.push_back(entry.path());
    if (!connection && (connection.error().code == EACCES || connection.error().code == EPERM))
      found.denied.push_back(entry.path());
  }
}

/// Returns false on timeout.
bool wait_for(int fd, short events, SteadyClock::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(until - SteadyClock::now());
    if (left <= milliseconds(0)) return false;
    pollfd one{.fd = fd, .events = events, .revents = 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::min(left, milliseconds(std::chrono::hours(1))).count()));
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
  }
}

/// Waits while the socket's queue of clients is full.
Result<Exchange> begin_patiently(const std::string& path, const ClientRequest& request, SteadyClock::time_point until) {
  for (;;) {
    auto exchange = Exchange::begin(path, request);
    if (exchange || exchange.error().code != EAGAIN || SteadyClock::now() >= until) return exchange;
    std::this_thread::sleep_for(kRoomPause);
  }
}

}  // namespace

Result<std::string> choose(const Instances& instances) {
  const std::string operation = "find a running lastbyte";
  if (instances.running.size() == 1) return instances.running.front();
  if (!instances.running.empty())
    return failure(operation, 0,
                   std::to_string(instances.running.size()) + " run: " + joined(instances.running) +
                       "; expected --socket with one of them");
  if (!instances.denied.empty())
    return failure(operation, EACCES, "only root and the instance's user may use " + joined(instances.denied));
  if (instances.places.empty())
    return failure(operation, 0, "this user has no runtime directory (XDG_RUNTIME_DIR); expected --socket PATH");
  return failure(operation, 0,
                 "no instance has its administration in " + joined(instances.places, " or ") +
                     "; expected --socket with the path of admin.listen");
}

Result<std::string> find_socket(const std::optional<std::string>& given) {
  if (given) return given->starts_with("unix:") ? given->substr(5) : *given;
  Instances found;
  const auto own = runtime_directory();
  if (own) look_into(*own, found);
  // A user without root's rights may run as the service's user, so look there too.
  if (own != kSystemRuntimeDirectory && std::filesystem::exists(kSystemRuntimeDirectory))
    look_into(kSystemRuntimeDirectory, found);
  std::ranges::sort(found.running);
  std::ranges::sort(found.denied);
  return choose(found);
}

Result<Answer> ask(const std::string& socket, const ClientRequest& request, milliseconds patience) {
  const auto until = SteadyClock::now() + patience;
  auto exchange = begin_patiently(socket, request, until);
  if (!exchange) return Failure(exchange.error());
  for (;;) {
    if (auto answer = exchange->go_on()) return std::move(*answer);
    if (!wait_for(exchange->fd(), exchange->events(), until))
      return failure("read the answer of unix:" + socket, ETIMEDOUT,
                     "no answer came within " + std::to_string(patience.count() / 1000) + " s");
  }
}

Result<void> follow(const std::string& socket, const std::string& target,
                    const std::function<bool(std::string_view line)>& line) {
  auto stream = Stream::open(socket, target);
  if (!stream) return Failure(stream.error());
  for (bool wanted = true;;) {
    wait_for(stream->fd(), POLLIN, SteadyClock::now() + std::chrono::hours(1));
    const auto more = stream->take([&](std::string_view each) { wanted = wanted && line(each); });
    if (!more) return Failure(more.error());
    if (!*more || !wanted) return {};
  }
}

std::string encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kDigits[static_cast<unsigned char>(c) >> 4U];
      out += kDigits[static_cast<unsigned char>(c) & 15U];
    }
  }
  return out;
}

}  // namespace lastbyte::admin
