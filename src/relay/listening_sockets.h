// The listening sockets of one worker, from one serve() to the next: which go on, which are new, which are leaving.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/descriptor.h"
#include "relay/listener.h"
#include "relay/worker.h"

namespace lastbyte::relay {

/// Whether the state is what sessions of `listening` are to refer to.
bool is_state_of(const ListenerState& state, const Listening& listening);
/// A new one, without the sockets. `worker`: its index, from which source addresses are taken in turn.
ListenerPtr make_state(Listening listening, unsigned worker);

/// One listening socket in the loop.
struct alignas(8) ListeningSocket {
  std::shared_ptr<const Descriptor> socket;  ///< null: closed in this round; its events mean nothing any more
  ListenerPtr state;                         ///< what its next client comes in under
  bool watched = false;                      ///< epoll tells of its clients
  bool leaving = false;                      ///< to be closed as soon as nobody waits in its queue
  unsigned batch = 1;                        ///< how many to accept at the next event
};

class ListeningSockets {
 public:
  using All = std::vector<std::unique_ptr<ListeningSocket>>;

  explicit ListeningSockets(unsigned worker) : worker_(worker) {}

  /// Adds what is new, gives what goes on its new state, and marks what is no longer named as leaving. A port whose
  /// forwarding and upstream are the same as before keeps its state. Touches no descriptor.
  void serve(std::vector<Listening> listenings);

  [[nodiscard]] const All& all() const { return sockets_; }
  [[nodiscard]] bool any_leaving() const;
  /// Lets the descriptor go. The object stays until bury(): events of this round may still point to it.
  void close(ListeningSocket& socket);
  void close_all();
  void bury() { closed_.clear(); }

 private:
  unsigned worker_;
  All sockets_;
  All closed_;
};

}  // namespace lastbyte::relay
