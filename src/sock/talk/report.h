// The report at the end of a connection: its end, the bytes in each direction, and the kernel's figures before close().
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/checksum.h"
#include "base/time.h"
#include "sock/socket/tcp_info.h"

namespace lastbyte::sock {

enum class Ending : std::uint8_t {
  none,           ///< not over yet
  complete,       ///< the peer's FIN was read and there was nothing more to send
  closed,         ///< closed by us with nothing more to send, the peer's FIN not read
  peer_eof,       ///< closed by us at the peer's FIN (--at-peer-eof=close)
  receive_limit,  ///< -W
  idle,           ///< -w: nothing happened for so long
  stopped,        ///< by a signal or the caller
  reset,          ///< the peer reset the connection
  failed,         ///< another error of the socket
  output_failed,  ///< standard output could not be written
};

/// "the peer reset the connection"
std::string_view ending_text(Ending ending);
/// Whether the exit status is to be 1.
bool is_failure(Ending ending);

/// One direction as the program saw it.
struct Tally {
  std::uint64_t bytes = 0;
  std::uint64_t calls = 0;   ///< reads or writes, or datagrams, that moved something
  std::uint64_t urgent = 0;  ///< urgent bytes beside these, neither counted nor checked above
  Checksum checksum;
  bool checked = true;  ///< false: the bytes were never seen (--mode=discard)
};

struct Report {
  std::string local;
  std::string peer;
  std::string_view unit = "write";  ///< of what `calls` counts when sending; receiving: "read", both "datagram"
  const Tally& sent;
  const Tally& received;
  Ending ending = Ending::none;
  std::string error;        ///< "recv: ECONNRESET"; empty: none
  bool with_reset = false;  ///< the close that follows is a RST on purpose
  std::chrono::duration<double> lasted{0};
  std::uint64_t unwritten = 0;  ///< bytes that were to be sent and that the kernel never took
  std::optional<TcpView> tcp;
  QueueView queues;
};

/// Several lines, each ended by a newline.
std::string report_text(const Report& report);

}  // namespace lastbyte::sock
