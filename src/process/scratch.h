// Directories for one run, and their removal on every way out but SIGKILL.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace lastbyte::process {

/// Removes itself with everything in it in its destructor, or in remove_all() where the process ends before that.
/// Any thread may make one; one thread owns it.
class ScratchDirectory {
 public:
  /// Fails where the system's temporary directory cannot be written to.
  static Result<ScratchDirectory> make();
  ~ScratchDirectory();
  ScratchDirectory(ScratchDirectory&& other) noexcept;
  ScratchDirectory& operator=(ScratchDirectory&& other) noexcept;

  /// Removes every directory that still exists. Afterwards make() and the destructor block for ever: only for a thread
  /// that is about to end the process.
  static void remove_all();

  [[nodiscard]] std::string path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }

 private:
  explicit ScratchDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace lastbyte::process
