// One round of a scenario: what happened, and the judgement of it.
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

/// The sides that keep TIME_WAIT, for each connection (T13). Without a proxy there is one connection.
struct TimeWaits {
  bool client = false;
  bool proxy_to_client = false;
  bool proxy_to_server = false;
  bool server = false;
  friend bool operator==(const TimeWaits&, const TimeWaits&) = default;
};

struct RoundResult {
  std::vector<Observed> clients;  ///< the graded clients
  std::vector<Observed> servers;  ///< the graded servers, in the order in which they were accepted
  std::optional<Weight> before;   ///< of the proxy; nullopt: its process is unknown
  std::optional<Weight> after;
  std::uint64_t most_kib = 0;    ///< the peak of resident memory
  std::uint64_t kernel_kib = 0;  ///< the most that the kernel may buffer for one flow through a proxy
  TimeWaits time_waits = {};
  bool stopped_listening = false;  ///< after the checker asked the proxy to stop
  std::optional<int> exit_status;  ///< after the checker asked the proxy to stop; nullopt: it still runs
  std::string output = {};         ///< the last lines that the proxy wrote
  Form form = {};                  ///< how the proxy was started
};

/// The place where the rounds of a scenario are played: the network and, from the first round on, the proxy. One thread
/// uses it and must outlive it. The scenario and the target must outlive it, too.
class Stage {
 public:
  /// `seed`: for the random losses of the links.
  static Result<Stage> make(const Scenario& scenario, const Variant& variant, const Target& target, std::uint64_t seed);

  /// Plays one round and blocks until both peers have ended. An error means that the round could not be played.
  Result<RoundResult> play();

 private:
  class Round;
  struct Setting {
    Network network;
    Launched proxy;
    net::Address upstream;
    std::optional<process::ScratchDirectory> directory;  ///< for UNIX sockets
    bool launched = false;
  };
  Stage(const Scenario& scenario, const Variant& variant, const Target& target, Setting setting);

  const Scenario* scenario_;
  const Variant* variant_;
  const Target* target_;
  Setting setting_;
};

/// Returns the faults of a round, a sentence each; empty: the round passed. Pure.
std::vector<std::string> judge(const Scenario& scenario, const RoundResult& result, bool through_proxy,
                               const Variant& variant = tcp_variant());

/// If a round has several sessions, puts the session that failed first at the front, for readers of the evidence. It is
/// the session whose scripts did the fewest steps: other sessions often wait for it.
void worst_first(const Scenario& scenario, RoundResult& result);

/// Returns the TIME_WAITs that the contract expects.
TimeWaits expected_time_waits(FirstToClose first, bool through_proxy);

}  // namespace lastbyte::check
