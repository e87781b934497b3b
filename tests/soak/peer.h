// One peer at work on one connection: it writes by its steps and reads beside that, and tells what it saw.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/descriptor.h"
#include "base/time.h"
#include "peers/payload.h"
#include "tests/soak/plan.h"
#include "tests/soak/seen.h"

namespace lastbyte::soak {

/// What a step does to the daemon.
struct Disturbing {
  std::function<void(Milliseconds)> freeze;
  std::function<void(Milliseconds)> shorten;  ///< no descriptor is left
  std::function<void()> reload;
};

/// After so long a peer gives up: something hangs.
inline constexpr Milliseconds kPatience{30'000};

/// Never blocks: whoever owns it polls descriptor() for events() and calls advance() then, and at wake().
class Peer {
 public:
  struct Payloads {
    std::uint64_t sends;
    std::uint64_t expects;
  };

  /// `socket` is connected, or about to be; `began`: when the session did. `takes_header`: a PROXY header comes first.
  /// The plan outlives it.
  Peer(Descriptor socket, const PeerPlan& plan, bool tcp, Payloads payloads, bool takes_header, TimePoint began,
       const Disturbing& disturbing);

  [[nodiscard]] int descriptor() const { return socket_.get(); }
  /// POLLIN, POLLOUT, or 0: what it waits for, besides the time.
  [[nodiscard]] short events() const;
  [[nodiscard]] TimePoint wake() const;
  /// Does what can be done now; `ready`: of events(), those that have come.
  void advance(short ready);
  [[nodiscard]] bool over() const { return !socket_; }
  [[nodiscard]] const Seen& seen() const { return seen_; }

 private:
  bool connect_ends(short ready);
  void write();
  bool take_step(const Step& step);
  bool send_some(const Step& step, int flags);
  bool send_raw(const Step& step);
  bool send_descriptors(const Step& step);
  ssize_t receive(std::size_t most);
  bool acknowledged();
  void read();
  void take(std::size_t count);
  void take_header(std::size_t count);
  [[nodiscard]] bool stopped_reading() const;
  void cut_if_due();
  void latch(int error);
  void close_socket(bool by_reset);
  [[nodiscard]] Elapsed elapsed() const;

  Descriptor socket_;
  const PeerPlan& plan_;
  const Disturbing& disturbing_;
  bool tcp_;
  TimePoint began_;
  TimePoint connected_{};
  peers::Payload sends_;
  peers::Payload expects_;
  Seen seen_;
  std::size_t step_ = 0;    ///< the one under way
  std::uint64_t done_ = 0;  ///< bytes of it
  TimePoint next_write_{};  ///< nothing is to be written before
  TimePoint next_read_{};
  bool step_began_ = false;
  Elapsed step_began_at_{0};
  std::string failure_{};  ///< why a step could not be taken; none is taken after it
  bool full_ = false;      ///< the last send found no room
  bool header_due_;
  std::string header_{};  ///< what has come of it
};

}  // namespace lastbyte::soak
