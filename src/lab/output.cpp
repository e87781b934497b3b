#include "lab/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>

namespace lastbyte::lab {
namespace {

/// False: errno says why.
bool write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t written = ::write(fd, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    done += static_cast<std::size_t>(written);
  }
  return true;
}

/// Replaces the content. False: errno says why.
bool replace_content(const Descriptor& file, const std::string& text) {
  // A pipe or a device cannot be truncated (EINVAL).
  return file && (::ftruncate(file.get(), 0) == 0 || errno == EINVAL) && write_all(file.get(), text);
}

/// Writes a new file, which gets its name when it is complete. nullopt: it must be made otherwise. False: errno says
/// why.
std::optional<bool> write_nameless(const Descriptor& directory, const std::string& name, const std::string& text) {
  const Descriptor nameless(::openat(directory.get(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666));
  if (!nameless) return std::nullopt;  // not on every file system
  if (!write_all(nameless.get(), text)) return false;
  const std::string self = "/proc/self/fd/" + std::to_string(nameless.get());
  if (::linkat(AT_FDCWD, self.c_str(), directory.get(), name.c_str(), AT_SYMLINK_FOLLOW) == 0) return true;
  return std::nullopt;
}

/// False: errno says why.
bool write_named(const Descriptor& directory, const std::string& name, const std::string& text) {
  if (const auto written = write_nameless(directory, name, text)) return *written;
  const Descriptor made(::openat(directory.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!made && errno == EEXIST)
    return replace_content(Descriptor(::openat(directory.get(), name.c_str(), O_WRONLY | O_CLOEXEC)), text);
  if (!made) return false;
  if (write_all(made.get(), text)) return true;
  const int why = errno;
  ::unlinkat(directory.get(), name.c_str(), 0);
  errno = why;
  return false;
}

Descriptor open_directory(const std::string& path) {
  return Descriptor(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

}  // namespace

Result<Output> open_output(const std::string& path) {
  Output output{.name = path};
  if (path.empty()) return output;
  if (path == "-") output.name = "standard output";
  output.file = Descriptor(path == "-" ? ::dup(STDOUT_FILENO) : ::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  output.replaces = path != "-";
  if (output.file) return output;
  const std::filesystem::path place(path);
  const std::string parent = place.has_parent_path() ? place.parent_path().string() : ".";
  if (errno == ENOENT && place.has_filename() && ::access(parent.c_str(), W_OK | X_OK) == 0) {
    output.directory = open_directory(parent);
    output.name = place.filename();
  }
  if (!output.directory) return failure_from_errno("write " + path);
  return output;
}

Result<Descriptor> open_output_directory(const std::string& path) {
  if (path.empty()) return Descriptor();
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) return failure_from_errno("make " + path);
  Descriptor directory = open_directory(path);
  if (!directory) return failure_from_errno("open " + path);
  if (::access(path.c_str(), W_OK | X_OK) != 0) return failure_from_errno("write to " + path);
  return directory;
}

Result<void> write_output(const Output& output, const std::string& text) {
  const bool written = output.directory  ? write_named(output.directory, output.name, text)
                       : output.replaces ? replace_content(output.file, text)
                                         : write_all(output.file.get(), text);
  return written ? Result<void>() : failure_from_errno("write " + output.name);
}

Result<void> write_in(const Descriptor& directory, const std::string& name, const std::string& text) {
  return write_named(directory, name, text) ? Result<void>() : failure_from_errno("write " + name);
}

Result<void> print(const std::string& text) {
  errno = 0;
  if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return {};
  return failure_from_errno("write to standard output");
}

}  // namespace lastbyte::lab
