#include "proxy/operator_log.h"

#include <poll.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <cerrno>
#include <mutex>
#include <optional>

#include "observe/log_target.h"

namespace lastbyte::proxy {
namespace {

class WholeLines : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit WholeLines(int fd) {
    if (auto target = observe::LogTarget::share(fd, "standard error")) target_.emplace(std::move(*target));
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (!target_) return;
    spdlog::memory_buf_t formatted;
    formatter_->format(message, formatted);
    const std::string_view line(formatted.data(), formatted.size());
    if (target_->write(line).error != EAGAIN) return;
    constexpr int kPatienceMs = 100;
    pollfd wanted{.fd = target_->fd(), .events = POLLOUT, .revents = 0};
    if (::poll(&wanted, 1, kPatienceMs) > 0) target_->write(line);
  }
  void flush_() override {}

 private:
  std::optional<observe::LogTarget> target_;
};

}  // namespace

OperatorLog::OperatorLog(int fd)
    : logger_(std::make_unique<spdlog::logger>("operator", std::make_shared<WholeLines>(fd))) {
  logger_->set_formatter(
      std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %l: %v", spdlog::pattern_time_type::utc));
}

OperatorLog::~OperatorLog() = default;

// The messages are not format strings: "{}" in a path stays what it is.
void OperatorLog::info(std::string_view message) { logger_->info("{}", message); }
void OperatorLog::warn(std::string_view message) { logger_->warn("{}", message); }
void OperatorLog::error(std::string_view message) { logger_->error("{}", message); }

}  // namespace lastbyte::proxy
