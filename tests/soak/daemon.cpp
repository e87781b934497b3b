#include "tests/soak/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <set>

namespace lastbyte::soak {

Result<Daemon> Daemon::start(const std::string& binary, std::vector<Lane>& lanes,
                             const system_test::TemporaryDirectory& directory) {
  Daemon daemon;
  daemon.lanes_ = &lanes;
  daemon.config_ = directory.file("soak.yaml");
  daemon.log_ = directory.file("records");
  if (::mkfifo(daemon.log_.c_str(), 0600) != 0) return failure_from_errno("mkfifo " + daemon.log_);
  // For writing too: it must not end while the daemon opens it anew.
  daemon.records_ = Descriptor(::open(daemon.log_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  system_test::write_file(daemon.config_, settings(lanes, daemon.log_, 0));
  const system_test::Command command{.arguments = {binary, "proxy", "--config", daemon.config_}};
  daemon.process_ = std::make_unique<system_test::Process>(command);
  const bool up = system_test::eventually(
      [&] { return daemon.said().find("records to ") != std::string::npos || !daemon.running(); });
  if (!up || !daemon.running() || !find_addresses(lanes, daemon.said()))
    return failure("start " + binary, 0, daemon.said());
  daemon.sockets_at_start_ = daemon.process_->sockets();
  return daemon;
}

std::vector<std::string> Daemon::read_records() {
  std::array<char, 64 * 1024> room;
  for (ssize_t got = 0; (got = ::read(records_.get(), room.data(), room.size())) > 0;)
    partial_.append(room.data(), static_cast<std::size_t>(got));
  std::vector<std::string> lines;
  std::size_t at = 0;
  for (std::size_t end = 0; (end = partial_.find('\n', at)) != std::string::npos; at = end + 1)
    lines.push_back(partial_.substr(at, end - at));
  partial_.erase(0, at);
  return lines;
}

void Daemon::freeze(Milliseconds time) {
  process_->signal(SIGSTOP);
  const auto stands_still = [&] {
    siginfo_t info{};
    const auto id = static_cast<id_t>(process_->pid());
    return ::waitid(P_PID, id, &info, WSTOPPED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
  };
  system_test::eventually(stands_still);
  const TimePoint until = Clock::now() + time;
  thaws_ = std::max(until, thaws_.value_or(until));
}

void Daemon::shorten(Milliseconds time) {
  std::set<rlim_t> open;
  std::error_code ignored;
  const std::string descriptors = "/proc/" + std::to_string(process_->pid()) + "/fd";
  for (const auto& each : std::filesystem::directory_iterator(descriptors, ignored))
    open.insert(std::stoul(each.path().filename()));
  rlim_t lowest = 0;
  while (open.contains(lowest)) ++lowest;
  was_short_ = true;
  set_soft_limit(lowest);
  const TimePoint until = Clock::now() + time;
  relieved_ = std::max(until, relieved_.value_or(until));
}

void Daemon::set_soft_limit(std::optional<rlim_t> soft) {
  rlimit limit{};
  ::prlimit(process_->pid(), RLIMIT_NOFILE, nullptr, &limit);
  limit.rlim_cur = soft.value_or(limit.rlim_max);
  ::prlimit(process_->pid(), RLIMIT_NOFILE, &limit, nullptr);
}

std::optional<TimePoint> Daemon::wake() const {
  if (!thaws_ || !relieved_) return thaws_ ? thaws_ : relieved_;
  return std::min(*thaws_, *relieved_);
}

void Daemon::relieve_if_due() {
  if (thaws_ && Clock::now() >= *thaws_) {
    thaws_.reset();
    process_->signal(SIGCONT);
  }
  if (relieved_ && Clock::now() >= *relieved_) {
    relieved_.reset();
    set_soft_limit(std::nullopt);
  }
}

void Daemon::reload(std::uint64_t variation) {
  if (asked_to_stop_ || is_short()) return;
  // At once: the daemon may still be reading for the reload before.
  system_test::write_file(config_ + ".new", settings(*lanes_, log_, variation));
  ::rename((config_ + ".new").c_str(), config_.c_str());
  process_->signal(SIGHUP);
}

void Daemon::ask_to_stop() {
  asked_to_stop_ = true;
  process_->signal(SIGTERM);
}

std::vector<std::string> Daemon::end() {
  if (!asked_to_stop_ && !running()) return {"it has ended: " + said()};
  std::vector<std::string> wrong;
  process_->signal(SIGCONT);
  if (!asked_to_stop_) {
    reload(0);
    const auto as_at_start = [&] { return process_->sockets() <= sockets_at_start_; };
    if (!system_test::eventually(as_at_start))
      wrong.push_back(std::to_string(process_->sockets()) + " sockets are open, at the start " +
                      std::to_string(sockets_at_start_));
    ask_to_stop();
  }
  const auto status = process_->wait();
  if (status != 0) wrong.push_back("its exit status is " + (status ? std::to_string(*status) : "none") + ": " + said());
  const std::string all = said();
  // A reload that meets a shortage fails, and says so.
  std::vector<std::string> complaints{"bug:", "Sanitizer", "runtime error", "Assertion", "terminate called"};
  if (!was_short_) complaints.insert(complaints.end(), {"error:", "nothing was changed"});
  for (const std::string& complaint : complaints)
    if (all.find(complaint) != std::string::npos) wrong.push_back("it said '" + complaint + "': " + all);
  return wrong;
}

}  // namespace lastbyte::soak
