// The sends of one round of events, carried out together by the worker (setting `io`).
//
// A flow reads into the room of the batch. If it has read only a little, its session adds the send, and does nothing
// more until the worker settles the batch after all events of the round. Between two rounds the batch is empty. Its
// memory does not depend on the number of sessions: each worker has one arena.
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
  /// A send that was carried out.
  struct Settled {
    Session* session = nullptr;
    termination::Which source = termination::Which::client;  ///< the side whose bytes these are
    std::span<const std::byte> bytes;
    ssize_t result = 0;  ///< as in loop::Send
  };

  /// The largest send that is batched. A larger one is sent at once, because its system call costs little compared to
  /// the copy.
  static constexpr std::size_t kMostBytes = 4096;

  /// Starts batching. `gone` is called with the errno if the sender stops working.
  void use(std::unique_ptr<loop::Sender> sender, std::function<void(int error)> gone);

  /// Allows sends to be added until close(); the worker settles them.
  void open() { open_ = sender_ != nullptr; }
  void close() { open_ = false; }

  /// The room into which a flow reads bytes that it may send from there; empty: the batch accepts none now.
  [[nodiscard]] std::span<std::byte> room();
  /// Adds a send. `bytes` begin where the last room() begins. Does not allocate.
  void add(Session& session, termination::Which source, int socket, std::span<const std::byte> bytes);
  /// Withdraws the sends of that side's bytes that the session has added and that were not carried out. Returns their
  /// number of bytes.
  std::size_t forget(const Session& session, termination::Which source);

  [[nodiscard]] bool empty() const { return sends_.empty(); }
  /// Carries out all sends, and calls `settle` for each. `settle` may add more sends.
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
