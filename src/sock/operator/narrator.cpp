#include "sock/operator/narrator.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/result.h"

namespace lastbyte::sock {
namespace {

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // an error on standard error cannot be reported anywhere
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

Narrator Narrator::about_connection(int number) const {
  Narrator other = *this;
  other.mark_ = fmt::format("[{}] ", number);
  return other;
}

void Narrator::line(std::string_view text) const {
  if (!on_) return;
  const std::chrono::duration<double> since = Clock::now() - start_;
  write_all(errors_, fmt::format("{:10.6f} {}{}\n", since.count(), mark_, text));
}

void Narrator::say(std::string_view text) const { write_all(errors_, text); }

void Narrator::call(std::string_view text, const Outcome& outcome, std::string_view more) const {
  if (!on_) return;
  const std::string failed = outcome.ok() ? std::string() : fmt::format(" {}", errno_name(outcome.error));
  line(fmt::format("{} = {}{}{}{}", text, outcome.value, failed, more.empty() ? "" : "  ", more));
}

}  // namespace lastbyte::sock
