// Which end reset a connection, and why, asked by the cookie of its socket after it has ended.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "kernel/reset/reasons.h"

namespace lastbyte::kernel {

/// What the kernel has seen of one socket.
struct SeenReset {
  bool sent = false;             ///< this host sent a reset
  bool received = false;         ///< the peer sent one
  std::string_view reason = {};  ///< of the one sent: "TCP_ABORT_ON_CLOSE"; empty: none, or none that is described
  ResetTrigger trigger = ResetTrigger::unknown;  ///< of `reason`
  std::uint32_t unread = 0;                      ///< bytes, at the first of them
  std::uint32_t unacknowledged = 0;              ///< bytes, likewise; a FIN counts as one
};

/// Loaded for as long as it lives. Reading is for any thread, takes no lock and makes no system call.
class ResetTable {
 public:
  /// Needs CAP_BPF and CAP_PERFMON, and Linux 6.10 with type information. Afterwards the process may drop all rights.
  static Result<std::unique_ptr<ResetTable>> load();
  ~ResetTable();
  ResetTable(const ResetTable&) = delete;
  ResetTable& operator=(const ResetTable&) = delete;

  /// nullopt: no reset of that socket, or some thousand sockets have been reset since.
  [[nodiscard]] std::optional<SeenReset> find(std::uint64_t cookie) const;

 private:
  struct Loaded;
  explicit ResetTable(std::unique_ptr<Loaded> loaded);

  std::unique_ptr<Loaded> loaded_;
};

}  // namespace lastbyte::kernel
