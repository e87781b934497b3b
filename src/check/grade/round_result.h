// One round of a scenario: what happened, and what is wrong with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "check/scenarios/scenario.h"
#include "check/scenarios/variant.h"
#include "check/target/launched.h"
#include "peers/observed.h"
#include "process/scratch.h"

namespace lastbyte::check {

using peers::Observed;
using peers::StepSeen;

/// The holder of TIME_WAIT of each connection (T13). Without a proxy there is one connection.
struct TimeWaits {
  bool client = false;
  bool proxy_to_client = false;
  bool proxy_to_server = false;
  bool server = false;
  friend bool operator==(const TimeWaits&, const TimeWaits&) = default;
};

struct RoundResult {
  std::vector<Observed> clients;  ///< those that are graded
  std::vector<Observed> servers;  ///< likewise, in the order in which they were accepted
  std::optional<Weight> before;   ///< of the proxy, where it can be looked at
  std::optional<Weight> after;
  std::uint64_t most_kib = 0;    ///< resident, at its peak
  std::uint64_t kernel_kib = 0;  ///< that the kernel may buffer of one flow on its way through a proxy
  TimeWaits time_waits = {};
  bool stopped_listening = false;  ///< after it was asked to stop
  std::optional<int> exit_status;  ///< after that
  std::string output = {};         ///< what the proxy wrote, its last lines
  Form form = {};                  ///< how it was started
};

/// Where the rounds of a scenario are played: the network and, from the first round on, the proxy. One thread's, which
/// must outlive it. Scenario and target outlive it too.
class Stage {
 public:
  /// `seed`: of what lossy links do.
  static Result<Stage> make(const Scenario& scenario, const Variant& variant, const Target& target, std::uint64_t seed);

  /// One round. Blocks until both peers have ended; an error: it could not be played at all.
  Result<RoundResult> play();

 private:
  class Round;
  struct Setting {
    Network network;
    Launched proxy;
    net::Address upstream;
    std::optional<process::ScratchDirectory> directory;  ///< of UNIX sockets
    bool launched = false;
  };
  Stage(const Scenario& scenario, const Variant& variant, const Target& target, Setting setting);

  const Scenario* scenario_;
  const Variant* variant_;
  const Target* target_;
  Setting setting_;
};

/// The faults, a sentence each; empty: the round has passed. Pure.
std::vector<std::string> judge(const Scenario& scenario, const RoundResult& result, bool through_proxy,
                               const Variant& variant = tcp_variant());

/// Of several sessions, brings to the front the one that went wrong first, by what its scripts had done: others often
/// wait for it. For those who read the evidence.
void worst_first(const Scenario& scenario, RoundResult& result);

/// What TIME_WAITs are expected.
TimeWaits expected_time_waits(FirstToClose first, bool through_proxy);

}  // namespace lastbyte::check
