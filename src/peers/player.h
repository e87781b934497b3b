// Plays a script on one connected socket.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/checksum.h"
#include "base/descriptor.h"
#include "base/time.h"
#include "peers/meeting.h"
#include "peers/observed.h"
#include "peers/payload.h"
#include "peers/peer.h"
#include "peers/script.h"

namespace lastbyte::peers {

/// For one thread. play() blocks in poll(2) and returns when the script has ended, at `until`, or when `stopped` is set
/// and `wakeup` raised.
class Player {
 public:
  Player(Descriptor socket, const PeerOptions& options, Wakeup& wakeup, const std::atomic<bool>& stopped,
         TimePoint began, TimePoint until, Observed& seen);
  void play(const Script& script);

 private:
  /// An action in progress.
  struct Running {
    const Action* action;
    TimePoint began;
    TimePoint next{};  ///< the action does nothing before this time
    TimePoint gives_up = TimePoint::max();
    std::uint64_t done = 0;  ///< bytes sent or received
    bool over = false;
    std::string failure = {};
  };

  bool play_steps(const std::vector<Step>& steps);
  bool play_together(const Together& together);
  void advance(Running& running);
  void wait_for(const std::vector<Running>& all);
  [[nodiscard]] bool given_up() const;
  void note(const Running& running);

  void send(Running& running, std::optional<std::uint64_t> bytes, const Pace& pace, int flags = 0);
  void fill(Running& running, const Fill& fill);
  void receive(Running& running, std::optional<std::uint64_t> bytes, const Pace& pace);
  std::size_t read_once(std::size_t most);
  void expect_end(Running& running, bool fin);
  void expect_error(Running& running);
  void expect_quiet(Running& running, Duration time);
  void flush(Running& running);
  void close_unread(Running& running);
  void latch(int error);
  void close_socket(bool by_reset);
  [[nodiscard]] Elapsed elapsed() const;

  Descriptor socket_;
  const PeerOptions& options_;
  Wakeup& wakeup_;
  const std::atomic<bool>& stopped_;
  TimePoint began_;
  TimePoint until_;
  Observed& seen_;
  Payload sends_;
  Payload expects_;
  Checksum checksum_;
  std::vector<std::byte> buffer_;
  bool unix_ = false;        ///< the socket is a UNIX socket
  bool input_over_ = false;  ///< a read reported the end of the input
  bool fin_sent_ = false;
};

}  // namespace lastbyte::peers
