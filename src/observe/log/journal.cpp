#include "observe/log/journal.h"

#include <sys/stat.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>

namespace lastbyte::observe {
namespace {

std::optional<std::uint64_t> number(std::string_view digits) {
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (digits.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

}  // namespace

bool is_journal_stream(std::string_view journal_stream, dev_t device, ino_t inode) {
  const auto colon = journal_stream.find(':');
  if (colon == std::string_view::npos) return false;
  return number(journal_stream.substr(0, colon)) == device && number(journal_stream.substr(colon + 1)) == inode;
}

bool is_journal(int fd) {
  const char* named = std::getenv("JOURNAL_STREAM");
  struct stat status{};
  return named != nullptr && ::fstat(fd, &status) == 0 && is_journal_stream(named, status.st_dev, status.st_ino);
}

}  // namespace lastbyte::observe
