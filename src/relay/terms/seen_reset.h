// Which end reset a connection, as the kernel saw it (setting `trace`).
#pragma once

#include <cstdint>

namespace lastbyte::relay {

/// What the kernel noted of one socket.
struct KernelReset {
  bool received = false;         ///< the peer sent one
  const char* reason = nullptr;  ///< the kernel's, of one that this host sent: "TCP_ABORT_ON_CLOSE"; null: it sent none
};

enum class ResetBy : std::uint8_t {
  nobody,  ///< there was none, or nobody watched
  peer,
  lastbyte,  ///< on purpose: to pass a failure on, or at a limit (T4, T8)
  kernel,    ///< on lastbyte's behalf: after its close, or because a timer passed
};

struct SeenReset {
  ResetBy by = ResetBy::nobody;
  const char* reason = nullptr;  ///< of one that this host sent; null: none
};

/// `on_purpose`: lastbyte reset the socket, rather than close it. A reset of the peer came first: none is sent after
/// it.
constexpr SeenReset seen_reset(const KernelReset& noted, bool on_purpose) {
  if (noted.received) return {ResetBy::peer, nullptr};
  return {on_purpose ? ResetBy::lastbyte : ResetBy::kernel, noted.reason};
}

}  // namespace lastbyte::relay
