// Batches sends: a worker collects the sends of a round of events and passes them to a Sender together.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>

namespace lastbyte::loop {

/// One send(2) on a stream socket, with MSG_DONTWAIT and MSG_NOSIGNAL.
struct Send {
  int socket = -1;
  std::span<const std::byte> bytes;  ///< owned by the caller; must stay valid until the result is set
  /// The return value of send(2): the number of bytes that the socket took, or the negative errno.
  ssize_t result = 0;
};

class Sender {
 public:
  Sender() = default;
  virtual ~Sender() = default;
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  /// Carries out `sends`, at most `kMost`, and sets their results. Returns how many were carried out, counted from the
  /// first. Fewer than all: this sender no longer works, errno says why, and nothing was sent of the rest.
  virtual std::size_t send(std::span<Send> sends) = 0;

  /// Below this number, plain system calls are cheaper.
  [[nodiscard]] virtual std::size_t least() const = 0;

  static constexpr std::size_t kMost = 256;
};

}  // namespace lastbyte::loop
