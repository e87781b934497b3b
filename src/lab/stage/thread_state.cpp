#include "lab/stage/thread_state.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string_view>

namespace lastbyte::lab {

ThreadState::ThreadState() : stat_(::open("/proc/thread-self/stat", O_RDONLY | O_CLOEXEC)) {}

bool ThreadState::asleep() const {
  std::array<char, 256> text{};
  const ssize_t got = ::pread(stat_.get(), text.data(), text.size(), 0);
  if (got <= 0) return false;
  // proc(5): the state follows the name, which stands in parentheses and may have some itself.
  const std::string_view line(text.data(), static_cast<std::size_t>(got));
  const std::size_t name_end = line.rfind(')');
  return name_end != std::string_view::npos && line.substr(name_end).starts_with(") S");
}

}  // namespace lastbyte::lab
