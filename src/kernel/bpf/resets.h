// Which end reset a connection, and why. The caller asks by the socket's cookie, after the connection has ended.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "kernel/reset/reasons.h"

namespace lastbyte::kernel {

/// The resets that the kernel saw on one socket.
struct SeenReset {
  bool sent = false;      ///< this host sent a reset
  bool received = false;  ///< the peer sent one
  /// The reason of the sent reset: "TCP_ABORT_ON_CLOSE"; empty: none was sent, or the reason is unknown.
  std::string_view reason = {};
  ResetTrigger trigger = ResetTrigger::unknown;  ///< the trigger of `reason`
  std::uint32_t unread = 0;                      ///< bytes, at the first reset
  std::uint32_t unacknowledged = 0;              ///< bytes, at the first reset; a FIN counts as one
};

/// The BPF programs stay loaded while this object lives. Any thread may read. Reading takes no lock and makes no system
/// call.
class ResetTable {
 public:
  /// Loads the programs. This needs CAP_BPF, CAP_PERFMON, and Linux 6.10 with type information. Afterwards the process
  /// may drop all its rights.
  static Result<std::unique_ptr<ResetTable>> load();
  ~ResetTable();
  ResetTable(const ResetTable&) = delete;
  ResetTable& operator=(const ResetTable&) = delete;

  /// nullopt: that socket had no reset, or a later socket has taken its place in the table (LB_RESETS).
  [[nodiscard]] std::optional<SeenReset> find(std::uint64_t cookie) const;

 private:
  struct Loaded;
  explicit ResetTable(std::unique_ptr<Loaded> loaded);

  std::unique_ptr<Loaded> loaded_;
};

}  // namespace lastbyte::kernel
