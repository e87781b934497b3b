// base: what every room may use. This file: a file descriptor with one owner.
#pragma once

#include <unistd.h>

#include <utility>

namespace lastbyte {

/// Owns a file descriptor and closes it once. Empty when moved from or released.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = other.release();
    }
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  /// The number, or -1 when empty.
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }

  /// Releases ownership: this object no longer closes the descriptor.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

  /// Closes now. EINTR and EIO are not retried: on Linux the descriptor is free either way (close(2)).
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace lastbyte
