// Many sends at once. A worker collects the sends of a round of events and gives them to a Sender together.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>

namespace lastbyte::loop {

/// One send(2) on a stream socket, with MSG_DONTWAIT and MSG_NOSIGNAL.
struct Send {
  int socket = -1;
  std::span<const std::byte> bytes;  ///< the caller's, until the result is there
  /// What send(2) would have returned: the bytes that the socket took, or the errno as a negative number.
  ssize_t result = 0;
};

class Sender {
 public:
  Sender() = default;
  virtual ~Sender() = default;
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  /// Carries out all of them, at most `kMost`, and writes their results. Returns how many of them, from the first on,
  /// were carried out. Fewer than all: this sender does not work any more, errno says why, and nothing was sent of the
  /// others.
  virtual std::size_t send(std::span<Send> sends) = 0;

  /// Fewer than this are plain system calls, which are cheaper then.
  [[nodiscard]] virtual std::size_t least() const = 0;

  static constexpr std::size_t kMost = 256;
};

}  // namespace lastbyte::loop
