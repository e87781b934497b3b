// The sends of one round of events, which a worker carries out together (setting `io`).
//
// A flow reads into the room of the batch, and where what it has read is small, its session adds the send and does
// nothing more until the worker settles the batch, once all events of the round are dispatched. Between two rounds the
// batch is empty. What it holds is bounded whatever the number of sessions: one arena a worker.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "loop/sender.h"
#include "relay/context/pools.h"
#include "termination/session.h"

namespace lastbyte::relay {

class Session;

class SendBatch {
 public:
  /// A send that was added, once it was carried out.
  struct Settled {
    Session* session = nullptr;
    termination::Which source = termination::Which::client;  ///< the side whose bytes these are
    std::span<const std::byte> bytes;
    ssize_t result = 0;  ///< as in loop::Send
  };

  /// What is larger than this is better sent at once: the call is little beside the copy.
  static constexpr std::size_t kMostBytes = 4096;

  /// From now on there are batches. `gone` is told the errno with which the sender stopped working, if it does.
  void use(std::unique_ptr<loop::Sender> sender, std::function<void(int error)> gone);

  /// Sends may be added until close(): the worker will settle them.
  void open() { open_ = sender_ != nullptr; }
  void close() { open_ = false; }

  /// Where a flow may read to if it is to send from there; empty: the batch takes none now.
  [[nodiscard]] std::span<std::byte> room();
  /// `bytes` are at the beginning of what room() gave last. No allocation.
  void add(Session& session, termination::Which source, int socket, std::span<const std::byte> bytes);
  /// The session takes back what it has added of that side's bytes, and that was not carried out. How many bytes.
  std::size_t forget(const Session& session, termination::Which source);

  [[nodiscard]] bool empty() const { return sends_.empty(); }
  /// Carries out all sends, and calls `settle` for each, which may add more.
  template <typename Settle>
  void settle(Settle settle) {
    while (!sends_.empty()) {
      carry_out();
      for (const Settled& each : settling_) settle(each);
    }
    used_ = 0;
  }

 private:
  static constexpr std::size_t kArena = 4 * kBlockSize;

  void carry_out();

  std::unique_ptr<loop::Sender> sender_;
  std::function<void(int)> gone_;
  std::unique_ptr<std::array<std::byte, kArena>> arena_;
  std::size_t used_ = 0;  ///< of the arena
  bool open_ = false;
  std::vector<loop::Send> sends_;
  std::vector<Settled> owners_;  ///< of sends_, in the same order
  std::vector<Settled> settling_;
};

}  // namespace lastbyte::relay
