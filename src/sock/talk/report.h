// The report at the end of a connection: how it ended, the bytes in each direction, and the kernel's figures before
// close().
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/checksum.h"
#include "base/time.h"
#include "sock/socket/tcp_info.h"

namespace lastbyte::sock {

enum class Ending : std::uint8_t {
  none,           ///< not ended yet
  complete,       ///< the peer's FIN was read, and there was nothing more to send
  closed,         ///< closed here with nothing more to send, before the peer's FIN was read
  peer_eof,       ///< closed here at the peer's FIN (--at-peer-eof=close)
  receive_limit,  ///< -W
  idle,           ///< -w: nothing happened for that time
  stopped,        ///< by a signal or by the caller
  reset,          ///< the peer reset the connection
  failed,         ///< another error of the socket
  output_failed,  ///< a write to standard output failed
};

/// Returns for example "reset by the peer".
std::string_view ending_text(Ending ending);
/// Returns whether the exit status must be 1.
bool is_failure(Ending ending);

/// One direction, as the program observed it.
struct Tally {
  std::uint64_t bytes = 0;
  std::uint64_t calls = 0;   ///< reads, writes or datagrams that moved data
  std::uint64_t urgent = 0;  ///< urgent bytes; the other figures do not include them
  Checksum checksum;
  bool checked = true;  ///< false: the bytes were not read (--mode=discard)
};

struct Report {
  std::string local;
  std::string peer;
  std::string_view unit = "write";  ///< the unit of `sent.calls`; received.calls counts reads, or datagrams too
  const Tally& sent;
  const Tally& received;
  Ending ending = Ending::none;
  std::string error;        ///< "recv: ECONNRESET"; empty: none
  bool with_reset = false;  ///< the close that follows sends a RST on purpose
  std::chrono::duration<double> lasted{0};
  std::uint64_t unwritten = 0;  ///< bytes that the kernel never accepted
  std::optional<TcpView> tcp;
  QueueView queues;
};

/// Returns several lines, each with its newline.
std::string report_text(const Report& report);

}  // namespace lastbyte::sock
