#include "trace/instances.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "admin/client/place.h"
#include "base/file.h"

namespace lastbyte::trace {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAnswersWithin{1'000};
constexpr std::size_t kMostInstances = 64;
constexpr std::size_t kMostMentioned = 1'000;
constexpr const char* kTarget = "/v1/events";

}  // namespace

bool is_forwarder(std::string_view command_line) {
  const std::size_t end = command_line.find('\0');
  if (end == std::string_view::npos) return false;
  std::string_view program = command_line.substr(0, end);
  program.remove_prefix(program.rfind('/') == std::string_view::npos ? 0 : program.rfind('/') + 1);
  command_line.remove_prefix(end + 1);
  return program == "lastbyte" && command_line.substr(0, command_line.find('\0')) == "proxy";
}

Result<void> Instances::begin(const std::vector<std::string>& given) {
  given_ = given;
  for (const std::string& each : given_)
    if (auto started = start(each); !started) return started;
  look();
  const TimePoint until = Clock::now() + kAnswersWithin;
  const auto waits_for_one = [this] {
    return std::ranges::any_of(streams_, [](const auto& each) { return !each.second.has_begun(); });
  };
  for (TimePoint now = Clock::now(); waits_for_one() && now < until; now = Clock::now()) {
    std::vector<pollfd> waits;
    add_waits(waits);
    ::poll(waits.data(), waits.size(), static_cast<int>(std::chrono::ceil<milliseconds>(until - now).count()));
    take();
  }
  return {};
}

void Instances::look() {
  for (const std::string& each : given_) follow(each);
  for (const std::string& directory : admin::runtime_directories()) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error))
      if (admin::pid_of_socket(entry.path().filename().string())) follow(entry.path());
  }
}

void Instances::follow(const std::string& socket) {
  if (streams_.contains(socket) || streams_.size() >= kMostInstances) return;
  const auto started = start(socket);
  // A socket that a killed process left behind belongs to no instance.
  if (started || started.error().code == ECONNREFUSED || started.error().code == ENOENT) return;
  if (refused_.insert(socket).second)
    sink_.note("resets of that lastbyte are reported without sessions: " + started.error().text());
}

Result<void> Instances::start(const std::string& socket) {
  auto stream = admin::Stream::open(socket, kTarget);
  if (!stream) return Failure(stream.error());
  streams_.emplace(socket, std::move(*stream));
  return {};
}

void Instances::add_waits(std::vector<pollfd>& waits) const {
  for (const auto& [socket, stream] : streams_) waits.push_back({.fd = stream.fd(), .events = POLLIN, .revents = 0});
}

void Instances::take() {
  for (auto each = streams_.begin(); each != streams_.end();) {
    const auto pid = static_cast<std::uint32_t>(each->second.pid());
    const auto more = each->second.take([&](std::string_view line) {
      for (EndedSide& side : ended_sides(line, pid)) sink_.side(std::move(side));
    });
    if (!more && refused_.insert(each->first).second)
      sink_.note("resets of that lastbyte are reported without sessions: " + more.error().text());
    each = more && *more ? std::next(each) : streams_.erase(each);
  }
}

bool Instances::follows(std::uint32_t pid) const {
  return std::ranges::any_of(streams_,
                             [&](const auto& each) { return static_cast<std::uint32_t>(each.second.pid()) == pid; });
}

void Instances::mention(const kernel::ProcessName& process) {
  if (process.pid == 0 || process.comm != "lastbyte" || follows(process.pid)) return;
  if (mentioned_.size() >= kMostMentioned || !mentioned_.insert(process.pid).second) return;
  look();  // the instance may have just started
  if (follows(process.pid) ||
      !is_forwarder(read_file("/proc/" + std::to_string(process.pid) + "/cmdline").value_or("")))
    return;
  sink_.note("process " + std::to_string(process.pid) +
             " is a lastbyte whose administration was not found: its resets are reported without sessions; --socket "
             "PATH names it");
}

}  // namespace lastbyte::trace
