// The outcome of an experiment, and how it compares with the expectation. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lab/terms/experiment.h"
#include "lab/terms/measurement.h"
#include "wire/capture/pcapng.h"

namespace lastbyte::lab {

/// The two hosts. They are also the participants of diagrams.
enum class Who : std::uint8_t { client, server };

enum class EventKind : std::uint8_t {
  call,     ///< a system call with its result
  segment,  ///< a TCP segment on the wire
  state,    ///< the state of a socket, or a counter of the kernel
  kernel,   ///< a tracepoint event of the kernel
};

struct Event {
  wire::Moment at;
  Who who = Who::client;  ///< the caller, or the segment's sender
  EventKind kind = EventKind::call;
  std::string text;
  bool end = false;     ///< segment: it has a FIN
  bool reset = false;   ///< segment: it has a RST; kernel: it is the reason of a reset
  bool detail = false;  ///< shown on time lines, but not in diagrams
};

/// One connection of an experiment, from beginning to end.
struct Scene {
  std::string name;
  std::vector<Event> events;               ///< in the order of time
  std::vector<wire::Commented> packets{};  ///< all packets, including pure acknowledgements
};

/// The observation of one row.
struct Seen {
  std::optional<std::string> value;  ///< nullopt: not observed
  std::string reason = {};           ///< why the row was not observed
};

enum class Verdict : std::uint8_t {
  same,
  differs,
  not_observed,  ///< never counts as agreement
};
std::string_view name_of(Verdict verdict);

struct Row {
  std::string name;
  std::string expected;
  std::string seen;  ///< the observation, or why there is none
  Verdict verdict = Verdict::not_observed;
  std::string why = {};
};

/// A figure of this run, such as a time. Another run may have another figure.
struct Measured {
  std::string name;
  std::string value;
};

struct Outcome {
  const Experiment* experiment = nullptr;
  Medium medium = Medium::loopback;
  std::vector<Row> rows = {};
  std::vector<Scene> scenes = {};
  std::vector<Measured> measured = {};
  std::optional<Measurement> measurement = {};        ///< only of experiments that count
  std::map<std::string, std::int64_t> counters = {};  ///< increases of the kernel's counters, both hosts together
  std::string trouble = {};                           ///< why it could not run; empty: it ran
  std::string not_played = {};                        ///< why it has nothing to run over this medium; empty: it has
  std::string no_tracepoints = {};  ///< why the kernel's tracepoints were not observed; empty: they were
  std::uint64_t packets_lost = 0;   ///< packets for which the capture had no room
  double seconds = 0;

  [[nodiscard]] std::size_t count(Verdict verdict) const;
  /// Whether it ran and at least one row was observed.
  [[nodiscard]] bool observed() const {
    return trouble.empty() && not_played.empty() && count(Verdict::not_observed) != rows.size();
  }
  /// Whether it was observed and no row differs.
  [[nodiscard]] bool agrees() const { return observed() && count(Verdict::differs) == 0; }
};

/// Compares each row of the table with what was seen. A row that was seen but is not in the table differs: an
/// experiment must not report what it does not expect.
std::vector<Row> compare(std::span<const Expectation> table, Medium medium, const std::map<std::string, Seen>& seen);

std::string_view name_of(Medium medium);

}  // namespace lastbyte::lab
