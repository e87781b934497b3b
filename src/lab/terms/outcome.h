// What came of an experiment, and how that compares with what was expected. Pure.
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

/// The two hosts, which are also the participants of diagrams.
enum class Who : std::uint8_t { client, server };

enum class EventKind : std::uint8_t {
  call,     ///< a system call with its result
  segment,  ///< a TCP segment on the wire
  state,    ///< the state of a socket, or a counter of the kernel
  kernel,   ///< what a tracepoint of the kernel told
};

struct Event {
  wire::Moment at;
  Who who = Who::client;  ///< who called, or who sent the segment
  EventKind kind = EventKind::call;
  std::string text;
  bool end = false;     ///< of a segment: it has a FIN
  bool reset = false;   ///< of a segment: it has a RST; of the kernel: the reason of one
  bool detail = false;  ///< of a time line, and left out of diagrams
};

/// One connection of an experiment from its beginning to its end.
struct Scene {
  std::string name;
  std::vector<Event> events;               ///< in the order of time
  std::vector<wire::Commented> packets{};  ///< all of them, pure acknowledgements too
};

/// What an experiment saw of one row.
struct Seen {
  std::optional<std::string> value;  ///< nullopt: not observed
  std::string reason = {};           ///< why it was not
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
  std::string seen;  ///< the reason, where it was not observed
  Verdict verdict = Verdict::not_observed;
  std::string why = {};
};

/// A figure of this run, such as a time, which no other run has to have.
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
  std::optional<Measurement> measurement = {};        ///< of an experiment that counts
  std::map<std::string, std::int64_t> counters = {};  ///< of the kernel, by how much each rose; both hosts together
  std::string trouble = {};                           ///< why it could not be played; empty: it was
  std::string no_tracepoints = {};                    ///< why the kernel's were not observed; empty: they were
  std::uint64_t packets_lost = 0;                     ///< that the capture had no room for
  double seconds = 0;

  [[nodiscard]] std::size_t count(Verdict verdict) const;
  /// Played, and no row differs.
  [[nodiscard]] bool agrees() const { return trouble.empty() && count(Verdict::differs) == 0; }
};

/// Each row of the table beside what was seen. A row that was seen and is not in the table differs: an experiment does
/// not report what it does not expect.
std::vector<Row> compare(std::span<const Expectation> table, Medium medium, const std::map<std::string, Seen>& seen);

std::string_view name_of(Medium medium);

}  // namespace lastbyte::lab
