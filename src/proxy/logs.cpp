#include "proxy/logs.h"

#include <fcntl.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <utility>

#include "net/address/syslog.h"
#include "observe/record/text.h"
#include "proxy/process/privileges.h"

namespace lastbyte::proxy {
namespace {

observe::RecordFormatter formatter(config::LogFormat format) {
  switch (format) {
    case config::LogFormat::text: return observe::to_text;
    case config::LogFormat::json: return observe::to_json;
  }
  return observe::to_text;
}

/// A log file that root creates belongs to the user that the process switches to, which has to reopen it.
Result<void> make_log_for(const std::string& path, const FileRights& user) {
  const Descriptor made(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!made) return {};  // The file exists, or LogTarget::open() reports the error.
  if (::fchown(made.get(), user.uid, user.gid) != 0) return failure_from_errno("chown the log " + path);
  return {};
}

bool is_syslog(const std::string& target) { return net::parse_syslog_receiver(target).has_value(); }

/// Root opens a file only where nobody else could have put a symbolic link.
Result<observe::LogTarget> open_for(const std::string& target, const observe::SyslogOrigin& origin,
                                    const std::optional<FileRights>& user) {
  const bool is_file = target.find('/') != std::string::npos && !is_syslog(target);
  if (!is_file || !user || ::geteuid() != 0) return observe::LogTarget::open(target, origin);
  const auto rights = rights_for(target, user);
  if (!rights)
    if (auto made = make_log_for(target, *user); !made) return Failure(made.error());
  Result<observe::LogTarget> opened = failure("open the log " + target, 0);
  const auto done = with_rights_of(rights, [&]() -> Result<void> {
    opened = observe::LogTarget::open(target, origin);
    if (!opened) return Failure(opened.error());
    return {};
  });
  if (!done) return Failure(with_rights_told(done.error(), rights));
  return opened;
}

}  // namespace

Tried<LogTargets> open_logs(const std::optional<config::Log>& running, const config::Log& wanted,
                            const std::optional<FileRights>& user) {
  LogTargets fresh;
  Troubles troubles;
  if (!running || running->format != wanted.format) {
    fresh.records.format = formatter(wanted.format);
    fresh.messages.format = wanted.format;
  }
  const observe::SyslogOrigin origin{.facility = wanted.facility, .application = wanted.app_name};
  const bool same_origin = running && running->facility == wanted.facility && running->app_name == wanted.app_name;
  const auto open = [&](const char* key, std::string config::Log::* which, const char* none, auto& order) {
    const std::string& target = wanted.*which;
    if (running && (*running).*which == target && (same_origin || !is_syslog(target))) return;
    order.moves = true;
    if (target == none) return;
    if (auto opened = open_for(target, origin, user)) {
      order.target = std::move(*opened);
    } else {
      troubles.push_back({{}, key, std::move(opened.error())});
    }
  };
  open("log.target", &config::Log::target, "off", fresh.records);
  open("log.messages", &config::Log::messages, "stderr", fresh.messages);
  if (!troubles.empty()) return tl::unexpected(std::move(troubles));
  return fresh;
}

Result<std::unique_ptr<observe::RecordLog>> make_record_log(LogTargets& targets, OperatorLog& messages) {
  return observe::RecordLog::create(std::move(targets.records.target), *targets.records.format,
                                    [&messages](const std::string& line) { messages.warn(line); });
}

}  // namespace lastbyte::proxy
