// Which end reset a connection, according to the kernel (setting `trace`).
#pragma once

#include <cstdint>

namespace lastbyte::relay {

/// What the kernel noted of one socket.
struct KernelReset {
  bool received = false;         ///< the peer sent a reset
  const char* reason = nullptr;  ///< the kernel's, for a reset from this host ("TCP_ABORT_ON_CLOSE"); null: none
};

enum class ResetBy : std::uint8_t {
  nobody,  ///< there was no reset, or nobody watched
  peer,
  lastbyte,  ///< on purpose: to pass a failure on, or at a limit (T4, T8)
  kernel,    ///< on lastbyte's behalf: after its close, or because a timer passed
};

/// Of one side, of a connection that ended badly.
struct SeenReset {
  ResetBy by = ResetBy::nobody;
  const char* reason = nullptr;  ///< the kernel's reason for a reset that this host sent; null: none
};

/// `on_purpose`: lastbyte reset the socket rather than closed it. A reset from the peer must have come first, because
/// the kernel sends none after it.
constexpr SeenReset seen_reset(const KernelReset& noted, bool on_purpose) {
  if (noted.received) return {ResetBy::peer, nullptr};
  return {on_purpose ? ResetBy::lastbyte : ResetBy::kernel, noted.reason};
}

}  // namespace lastbyte::relay
