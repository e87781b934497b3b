#include "base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/descriptor.h"

namespace lastbyte {

Result<std::string> read_file(const std::string& path, std::size_t most) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return failure_from_errno("open " + path);
  return read_open_file(file.get(), path, most);
}

Result<std::string> read_open_file(int fd, const std::string& name, std::size_t most) {
  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure_from_errno("read " + name);
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > most) return failure("read " + name, EFBIG);
  }
}

Result<void> write_file(const std::string& path, const std::string& text) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file) return failure_from_errno("open " + path);
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t written = ::write(file.get(), text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failure_from_errno("write " + path);
    done += static_cast<std::size_t>(written);
  }
  return {};
}

}  // namespace lastbyte
