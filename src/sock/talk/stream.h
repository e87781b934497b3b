// One connection: reads, writes, waits, and ends as the options say. A poll loop drives it. It never blocks, except in
// close() if the user set a linger time.
#pragma once

#include <poll.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "sock/command/sock.h"
#include "sock/operator/narrator.h"
#include "sock/operator/standard.h"
#include "sock/socket/calls.h"
#include "sock/socket/endpoints.h"
#include "sock/talk/report.h"
#include "sock/talk/traffic.h"

namespace lastbyte::sock {

/// What the connections of a run share. All of it outlives them.
struct Surroundings {
  const Options& options;
  Input& input;
  Output& output;
};

class Stream {
 public:
  Stream(Endpoint&& endpoint, Surroundings around, Narrator narrator, TimePoint now);

  static constexpr std::size_t kWatched = 3;
  /// Appends exactly `kWatched` entries for poll(2).
  void watch(std::vector<pollfd>& into, TimePoint now) const;
  /// Returns the latest time to call act(), even if poll(2) reports nothing.
  [[nodiscard]] TimePoint wake_at(TimePoint now) const;
  /// Does what is possible now. `seen`: the entries of watch(), as poll(2) filled them in.
  void act(std::span<const pollfd, kWatched> seen, TimePoint now);
  /// Ends the connection now. Data that standard output does not take at once is lost.
  void stop(TimePoint now);

  [[nodiscard]] bool closed() const { return !endpoint_.socket; }
  /// Returns how the connection ended; Ending::none before that.
  [[nodiscard]] Ending ending() const { return ending_; }

 private:
  enum class Receiving : std::uint8_t { open, ended, failed, off };
  enum class Sending : std::uint8_t { open, shut, failed };

  [[nodiscard]] const Options& options() const { return around_.options; }
  [[nodiscard]] bool closing() const { return ending_ != Ending::none; }
  [[nodiscard]] bool may_read(TimePoint now) const;
  [[nodiscard]] bool may_write(TimePoint now) const;
  [[nodiscard]] bool may_take_input() const;
  [[nodiscard]] pollfd socket_watch(TimePoint now) const;

  void act_on_socket(short events, TimePoint now);
  void read_once(TimePoint now);
  Outcome receive_into_buffer();
  void read_urgent();
  void write_once(TimePoint now);
  bool send_urgent_if_due(TimePoint now);
  void write_output();
  void note_hang_up();

  /// Keeps the first error. The kernel reports an error once, and a later read then looks like an end of file (T10).
  void keep_error(std::string_view call, int error);
  void end_what_is_due(TimePoint now);
  void end_sending(TimePoint now);
  bool is_handshake_over();
  [[nodiscard]] Ending due_ending(TimePoint now) const;
  [[nodiscard]] Ending error_ending() const;
  void begin_closing(Ending ending, TimePoint now);
  void close_now(TimePoint now);
  void look() { endpoint_.states.look(fd(), narrator_); }
  [[nodiscard]] int fd() const { return endpoint_.socket.get(); }

  Endpoint endpoint_;
  Surroundings around_;
  Narrator narrator_;
  Traffic traffic_;
  std::vector<char> buffer_;

  Receiving receiving_;
  Sending sending_ = Sending::open;
  Ending ending_ = Ending::none;
  bool in_handshake_;        ///< Fast Open: connect() returned before the handshake
  bool syn_is_out_ = false;  ///< during in_handshake_: a send has carried the SYN
  bool hung_up_ = false;     ///< poll(2) has reported a hang-up, and it was handled
  std::string error_;        ///< "send: ECONNRESET"
  int error_code_ = 0;

  Tally sent_;
  Tally received_;
  TimePoint started_;
  TimePoint progress_;  ///< the time of the last progress
  TimePoint next_read_;
  TimePoint next_write_;
  std::optional<TimePoint> nothing_more_since_;
  TimePoint close_at_;
};

}  // namespace lastbyte::sock
