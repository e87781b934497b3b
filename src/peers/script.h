// The script of a peer for its one connection, as data and as text:
//
//   window 4K; send 32K; shutdown; expect fin; close
//   recv 1; flood | read; signal done; close-unread
//
// Steps separated by `;` run one after another. Actions joined by `|` run at the same time. Sizes are 32, 32K, 20M;
// times 5ms, 2s. Every verb:
//
//   window N, send-buffer N        set SO_RCVBUF, SO_SNDBUF; only before all other steps
//   send N [by N] [every T] [urgent]
//                                  sends N bytes: `by` bytes in a call, a call `every` T; `urgent`: the last byte of a
//                                  call is urgent data
//   flood [by N] [every T]         sends until a write fails, or until all actions joined to it have ended
//   fill N T                       sends N bytes, or stops when the kernel has accepted none for T
//   recv N [by N] [every T]        reads N bytes
//   read [by N] [every T]          reads until the FIN or the reset
//   expect fin | expect reset      reads everything; the input must end so
//   expect error                   waits until the connection fails; reads nothing, so earlier input stays unread
//   expect quiet T                 fails if input or its end comes within T (after the FIN: an error); reads nothing
//   flush                          waits until the peer's kernel has acknowledged everything sent
//   shutdown                       sends the FIN
//   close                          calls close(); the end of a script does the same
//   close-unread                   waits for input and closes without reading it: the kernel sends RST
//   reset                          sets SO_LINGER {1,0} and calls close(): the kernel sends RST
//   vanish                         drops all packets that arrive from now on, as if the host were gone
//   sleep T                        does nothing, and reads nothing, for T
//   signal NAME, await NAME [N]    raises a flag that all peers of a run share; waits until it was raised (N times)
//   repeat N ( ... )               plays the steps in parentheses N times
//
// Over UNIX sockets, `window` has no effect, `flush` waits until the peer has read everything, `reset` is a close, and
// `expect reset` also accepts the end of both directions (T14).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace lastbyte::peers {

/// How fast bytes are sent or read.
struct Pace {
  std::uint64_t chunk = 0;  ///< bytes in a call; 0: as many as possible
  Duration every{0};        ///< time from one call to the next
  friend bool operator==(const Pace&, const Pace&) = default;
};

struct Send {
  std::uint64_t bytes = 0;
  Pace pace;
  bool urgent = false;  ///< MSG_OOB
  friend bool operator==(const Send&, const Send&) = default;
};
struct Flood {
  Pace pace;
  friend bool operator==(const Flood&, const Flood&) = default;
};
struct Fill {
  std::uint64_t bytes = 0;
  Duration patience{0};
  friend bool operator==(const Fill&, const Fill&) = default;
};
struct Receive {
  std::uint64_t bytes = 0;
  Pace pace;
  friend bool operator==(const Receive&, const Receive&) = default;
};
struct Read {
  Pace pace;
  friend bool operator==(const Read&, const Read&) = default;
};
struct ExpectFin {
  friend bool operator==(const ExpectFin&, const ExpectFin&) = default;
};
struct ExpectReset {
  friend bool operator==(const ExpectReset&, const ExpectReset&) = default;
};
struct ExpectError {
  friend bool operator==(const ExpectError&, const ExpectError&) = default;
};
struct ExpectQuiet {
  Duration time{0};
  friend bool operator==(const ExpectQuiet&, const ExpectQuiet&) = default;
};
struct Flush {
  friend bool operator==(const Flush&, const Flush&) = default;
};
struct Shutdown {
  friend bool operator==(const Shutdown&, const Shutdown&) = default;
};
struct Close {
  friend bool operator==(const Close&, const Close&) = default;
};
struct CloseUnread {
  friend bool operator==(const CloseUnread&, const CloseUnread&) = default;
};
struct Reset {
  friend bool operator==(const Reset&, const Reset&) = default;
};
struct Vanish {
  friend bool operator==(const Vanish&, const Vanish&) = default;
};
struct Sleep {
  Duration time{0};
  friend bool operator==(const Sleep&, const Sleep&) = default;
};
struct Signal {
  std::string name;
  friend bool operator==(const Signal&, const Signal&) = default;
};
struct Await {
  std::string name;
  std::uint32_t times = 1;
  friend bool operator==(const Await&, const Await&) = default;
};

using Action = std::variant<Send, Flood, Fill, Receive, Read, ExpectFin, ExpectReset, ExpectError, ExpectQuiet, Flush,
                            Shutdown, Close, CloseUnread, Reset, Vanish, Sleep, Signal, Await>;

/// Actions that run at the same time. The step ends when all have ended.
struct Together {
  std::vector<Action> actions;
  friend bool operator==(const Together&, const Together&) = default;
};

struct Repeat;
using Step = std::variant<Together, Repeat>;

struct Repeat {
  std::uint32_t times = 1;
  std::vector<Step> steps;
  friend bool operator==(const Repeat&, const Repeat&) = default;
};

struct Script {
  std::optional<int> window;       ///< SO_RCVBUF, in bytes as requested
  std::optional<int> send_buffer;  ///< SO_SNDBUF, in bytes as requested
  std::vector<Step> steps;
  friend bool operator==(const Script&, const Script&) = default;
};

/// Parses a script. Pure. An error names the wrong verb or word, its column (from 1), and what was expected there:
/// operation "script, column 8: 'expct'", detail "there is no such verb; expected ...". Steps after the one that closes
/// the socket must not use it.
Result<Script> parse_script(std::string_view text);

/// Prints a script so that parse_script(print(script)) == script.
std::string print(const Script& script);
std::string print(const Action& action);

}  // namespace lastbyte::peers
