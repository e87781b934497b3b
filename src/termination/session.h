// termination: the events of a session and their consequences. Pure; includes only the standard library.
//
// Theory of operation. A session joins two sides. Each side has an input (the flow out of it, which we read) and an
// output (the flow into it, which we write). A few small enums hold all that matters for how the session ends;
// `transition.h` changes them. Properties that can be undone (whether a side is read, which deadline is armed) are
// derived from the enums and never stored. Clause numbers (T1-T15) are those of docs/contract.md.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace lastbyte::termination {

/// One of the two sockets. Nothing in this room depends on which one it is (property 7).
enum class Which : std::uint8_t { client, upstream };

inline constexpr std::array kBoth{Which::client, Which::upstream};

constexpr Which other(Which which) { return which == Which::client ? Which::upstream : Which::client; }

/// The state of the flow out of a side, as far as we have read it.
enum class Input : std::uint8_t {
  open,      ///< more may come
  fin,       ///< the peer's FIN was read: the flow is complete
  reset,     ///< the peer reset the connection before a FIN (T4)
  vanished,  ///< the peer stopped answering: ETIMEDOUT, EHOSTUNREACH, ... (T4, T8)
  aborted,   ///< the peer's FIN was read, and the operator's settings make it end the session (T7)
};

/// The state of the flow into a side.
enum class Output : std::uint8_t {
  untried,     ///< the side is not connected before the other side has sent its PROXY header
  unasked,     ///< the side is not connected before the other side has sent a byte for it
  queued,      ///< the side is not connected before an upstream has room; nothing can be sent (T8)
  connecting,  ///< not yet connected: nothing can be sent (T3)
  open,
  fin_sent,   ///< shutdown(SHUT_WR) done (T1)
  fin_acked,  ///< the peer's kernel has acknowledged our FIN, and so every byte before it (T11)
  broken,     ///< the side takes nothing any more: a write failed, or its input was reset (T5)
  lost,       ///< the side takes nothing any more: a write or its input showed that its peer has vanished (T5, T8)
};

/// Whether the descriptor is open; if not, why it was closed.
enum class Hold : std::uint8_t {
  held,
  done,         ///< closed, because nothing was left to do on it
  unreachable,  ///< the connection attempt failed (T3)
  passed_on,    ///< reset, because the other side had failed (T4)
  rejected,     ///< reset, because its PROXY header was wrong, denied or missing
  aborted,      ///< reset at its FIN, which the operator's settings make the end of the session (T7)
  limit,        ///< a deadline passed (T8)
  stopped,      ///< reset by the operator's stop after the drain time (T15)
  abandoned,    ///< reset, because lastbyte itself could not continue the session (T11)
};

/// One deadline for each kind of wait (T8). In every state that is not final exactly one of these is armed.
enum class Deadline : std::uint8_t {
  none,
  proxy_header,
  first_byte,
  queue,
  connect,
  idle,
  half_close,
  reset_flush,
  linger,
  drain,
};

/// The event that began the end of the session: the first that was not plain traffic (T11).
enum class First : std::uint8_t { none, fin, reset, vanished, refused, unreachable, rejected, limit, stop, abandoned };

struct Side {
  Input input = Input::open;
  Output output = Output::open;
  Hold hold = Hold::held;
  bool pending = false;  ///< bytes read from this side wait until the other side takes them (T9)

  friend constexpr bool operator==(const Side&, const Side&) = default;
};

/// T6. `off` closes at once where the other modes would read and discard first.
enum class LingerMode : std::uint8_t { off, on, always };

struct Session {
  std::array<Side, 2> sides{};
  bool linger = true;     ///< T6: whether a close waits for a peer that may still send
  bool draining = false;  ///< a stop was requested (T15); the drain deadline replaces idle and half-close
  First first = First::none;
  Which first_side = Which::client;  ///< meaningless where `first` is none, limit, stop or abandoned
  Deadline limit = Deadline::none;   ///< the deadline that ended a side, if any

  constexpr Side& side(Which which) { return sides[static_cast<std::size_t>(which)]; }
  [[nodiscard]] constexpr const Side& side(Which which) const { return sides[static_cast<std::size_t>(which)]; }

  friend constexpr bool operator==(const Session&, const Session&) = default;
};

/// Whether the client must send a PROXY header before the session connects to the upstream.
enum class Greeting : std::uint8_t { none, awaited };

/// Returns a session as accept() leaves it: the client connected, the upstream connecting or still untried.
constexpr Session new_session(bool linger = true, Greeting greeting = Greeting::none) {
  Session session;
  session.linger = linger;
  session.side(Which::upstream).output = greeting == Greeting::awaited ? Output::untried : Output::connecting;
  return session;
}

/// An event on one side.
enum class Event : std::uint8_t {
  greeted,         ///< the side sent its PROXY header, or needs none: the other side is now connecting
  rejected,        ///< the side is not served: its PROXY header is wrong, or contains a denied address
  held_back,       ///< the side is not connected before the other side has sent a byte
  asked,           ///< the other side has sent a byte: the side is now connecting
  queued,          ///< the side must wait for room before it is connected
  dequeued,        ///< there is room: the side is now connecting
  connected,       ///< the side can be written now
  connect_failed,  ///< every attempt has failed (T3)
  pending,         ///< bytes read from the side now wait for the other side
  drained,         ///< no bytes read from the side wait any more
  fin,             ///< its FIN was read, with no error latched (T10); bytes before it may still wait. If the other
                   ///< side is unasked, no byte will come, and both sides close
  fin_aborts,      ///< the same, where the operator's settings make this FIN end the session (T7)
  reset,           ///< its reset was read (ECONNRESET and the like), after all bytes that arrived before it (T4)
  vanished,        ///< a read reported that the peer vanished (ETIMEDOUT and the like)
  refused,         ///< a write to the side failed, or its socket reports an error after its FIN (T5)
  broke,           ///< its socket reports a reset while bytes that came before it are still unread (T4)
  lost,            ///< a write to the side failed, or its socket reports an error, because its peer vanished (T8)
  acked,           ///< the side's kernel has acknowledged everything we sent, FIN included if sent
  deadline,        ///< the armed deadline passed; the side is ignored
  stop,            ///< drain from now on; the side is ignored
  abort,           ///< the drain time is over, or the operator stops at once; the side is ignored
  abandon,         ///< lastbyte cannot continue the session, for lack of memory for example; the side is ignored
};

/// Actions that cannot be undone. A step has at most one of each kind for a side, in this order.
struct Actions {
  bool send_fin = false;  ///< shutdown(SHUT_WR)
  bool linger = false;    ///< from now on its input is read only to be discarded, until `Deadline::linger`
  bool close = false;     ///< close(): nothing is owed, or what is owed is given up
  bool reset = false;     ///< SO_LINGER {1,0}, then close() (T7); no action for a side that was never tried

  friend constexpr bool operator==(const Actions&, const Actions&) = default;
};

struct Step {
  Session session;
  std::array<Actions, 2> actions{};

  constexpr Actions& action(Which which) { return actions[static_cast<std::size_t>(which)]; }
  [[nodiscard]] constexpr const Actions& action(Which which) const { return actions[static_cast<std::size_t>(which)]; }
};

// Names as they appear in records and in docs/termination.md.
std::string_view name(Which);
std::string_view name(Input);
std::string_view name(Output);
std::string_view name(Hold);
std::string_view name(Deadline);
std::string_view name(First);
std::string_view name(Event);
std::string_view name(LingerMode);

}  // namespace lastbyte::termination
