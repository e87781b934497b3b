// Removes the file that a UNIX socket leaves in the file system.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace lastbyte::sock {

/// Removes the file in its destructor. Empty for abstract names and other families.
class BoundPath {
 public:
  BoundPath() = default;
  explicit BoundPath(std::string path) : path_(std::move(path)) {}
  BoundPath(BoundPath&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  BoundPath& operator=(BoundPath&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  BoundPath(const BoundPath&) = delete;
  BoundPath& operator=(const BoundPath&) = delete;
  ~BoundPath() { remove(); }

  void remove() {
    if (!path_.empty()) ::unlink(std::exchange(path_, {}).c_str());
  }

 private:
  std::string path_;
};

}  // namespace lastbyte::sock
