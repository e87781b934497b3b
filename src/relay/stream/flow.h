// One direction of a session: it moves bytes out of one side into the other.
//
// A flow copies through the worker's one buffer. A flow that fills the buffer twice in a row is bulk: it switches to
// splice(2) through a pooled pipe until it calms down. A flow decides nothing about endings: each step returns a
// finding, and the session reports it to termination. Nothing changes under a step while it runs.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "relay/context/pools.h"
#include "relay/context/send_batch.h"
#include "relay/side/preface.h"
#include "relay/side/share.h"
#include "relay/side/side.h"
#include "termination/transition.h"

namespace lastbyte::relay {

/// Termination's orders for a flow at this moment.
struct Orders {
  bool flush = false;      ///< bytes wait and must be written first
  bool read = false;       ///< read the source's input
  bool discard = false;    ///< discard what is read (T5, T6)
  bool may_reset = false;  ///< while discarding: the source may still have to be reset (T14)
  bool rescues = false;    ///< the source has refused bytes; bytes it still sends are rescued (T5)
};
Orders orders_for(const termination::Session& state, termination::Which source);

/// The result of one step of a flow. The session reports it to termination and calls the next step, or stops.
struct Finding {
  enum class What : std::uint8_t {
    idle,         ///< nothing to do now: no input, no room, or no budget
    moved,        ///< bytes were passed on or discarded; there may be more
    submitted,    ///< `bytes` join the batch of this round; settle() continues. No step before that
    waits,        ///< the sink is full and bytes now wait (Event::pending of the source)
    drained,      ///< no bytes wait any more (Event::drained of the source)
    ended,        ///< the input has ended: `event` of the source
    sink_failed,  ///< a write to the sink failed: `event` of the sink. The session drops the bytes that wait
    stranded,     ///< the source's file descriptors could not be passed on (`error`): its flow has failed
  };
  What what = What::idle;
  termination::Event event = termination::Event::fin;
  int error = 0;                       ///< of `stranded`
  std::string_view stranded_when{};    ///< "received" or "passed on"
  bool active = false;                 ///< a byte moved on: the session is not idle (T8)
  bool heard = false;                  ///< a byte was discarded
  std::span<const std::byte> bytes{};  ///< of `submitted`
};

/// The resources that a worker lends to all of its flows.
struct Movers {
  Block& buffer;
  BlockPool& blocks;
  PipePool& pipes;
  SendBatch& sends;
};

class Flow {
 public:
  /// `preface` is sent ahead of the flow; it may be null. `budget`: bytes that the session may still move in this round
  /// (T12). `share`: the session's share of the process's room for descriptors in flight.
  Flow(Side& from, Side& to, Movers movers, std::size_t& budget, Preface* preface, Share share)
      : from_(from), to_(to), movers_(movers), budget_(budget), preface_(preface), share_(share) {}

  /// Reads once and writes what it read; or, if bytes wait, writes those.
  Finding step(const Orders& orders);
  /// Takes the outcome of the bytes that a step submitted. `result` is as in loop::Send, `orders` as they were at that
  /// step.
  Finding settle(std::span<const std::byte> bytes, ssize_t result, const Orders& orders);

  /// Returns an empty pipe to the pool: like the buffer, one pipe serves all flows whose sinks keep up.
  void rest();
  /// Drops the bytes that wait: the sink accepts no more.
  void drop_waiting();

 private:
  struct Written {
    std::size_t bytes = 0;
    int error = 0;  ///< the sink failed with it; 0: the sink accepts more, or is full
  };

  Finding flush(const Orders& orders);
  Finding discard(bool keep_last_byte);
  Finding copy(const Orders& orders);
  Finding splice(const Orders& orders);
  // flow_descriptors.cpp (T14)
  Finding copy_with_descriptors(const Orders& orders);
  Finding pass_descriptors(std::size_t most, const Orders& orders);
  Finding strand(std::size_t bytes, int error, std::string_view when);

  Finding pass_on(std::span<const std::byte> bytes, std::size_t written, const Orders& orders);
  Finding written_of(std::span<const std::byte> bytes, const Written& written);
  [[nodiscard]] bool may_submit(std::span<const std::byte> bytes) const;
  Finding input_ended(ssize_t result);
  Finding no_datagram(int error);
  Finding sink_failed(int error, bool active);

  Written write(std::span<const std::byte> bytes, const Orders& orders);
  bool note(ssize_t put, std::size_t asked, Written& written, const Orders& orders);
  Written write_from_pipe(const Orders& orders);
  Written write_preface();
  /// Whether a failed write means that the sink has failed, rather than that it is full.
  bool is_failure(int error);
  void keep(std::span<const std::byte> bytes);
  void count_received(std::size_t bytes);
  void count_sent(std::size_t bytes, const Orders& orders);
  void spend(std::size_t bytes);
  bool take_pipe();

  Side& from_;
  Side& to_;
  Movers movers_;
  std::size_t& budget_;
  Preface* preface_;
  Share share_;
};

}  // namespace lastbyte::relay
