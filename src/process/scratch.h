// Directories for one run. They are removed however the process ends, except by SIGKILL.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace lastbyte::process {

/// A directory that its destructor removes with everything in it. remove_all() removes it if the process ends earlier.
/// Any thread may make one; one thread owns it.
class ScratchDirectory {
 public:
  /// Fails if the system's temporary directory is not writable.
  static Result<ScratchDirectory> make();
  ~ScratchDirectory();
  ScratchDirectory(ScratchDirectory&& other) noexcept;
  ScratchDirectory& operator=(ScratchDirectory&& other) noexcept;

  /// Removes every directory that still exists. Afterwards make() and the destructor block for ever, so only a thread
  /// that is about to end the process may call it.
  static void remove_all();

  [[nodiscard]] std::string path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }

 private:
  explicit ScratchDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace lastbyte::process
