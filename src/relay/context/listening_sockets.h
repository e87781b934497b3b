// The listening sockets of one worker, from one serve() to the next: which ones stay, which are new, which are leaving.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/descriptor.h"
#include "relay/context/listener.h"
#include "relay/context/listening.h"

namespace lastbyte::relay {

/// Whether sessions of `listening` may use this state.
bool is_state_of(const ListenerState& state, const Listening& listening);
/// Makes a new state, without the sockets. `worker`: the worker's index, at which taking source addresses in turn
/// begins.
ListenerPtr make_state(Listening listening, unsigned worker);

/// Adopts `snapshot` if it is a newer one of the state's group. It applies to new sessions, and to other sessions'
/// tries that have not begun.
void take_snapshot(ListenerState& state, const std::shared_ptr<const upstream::Snapshot>& snapshot);

/// One listening socket in the loop.
struct alignas(8) ListeningSocket : boost::intrusive::list_base_hook<> {
  std::shared_ptr<const Descriptor> socket;  ///< null: closed in this round; ignore its events
  ListenerPtr state;                         ///< for its next clients
  bool watched = false;                      ///< epoll reports its clients
  bool leaving = false;                      ///< to be closed once its queue is empty
  unsigned batch = 0;                        ///< how many clients to accept at the last event
  std::uint64_t told_in = 0;                 ///< the worker's round of that event
  AcceptBackoff backoff;                     ///< for errors that concern only this socket
  TimePoint rests_until{};                   ///< the end of a pause after such an error
  boost::intrusive::list_member_hook<> among_leaving;
};

/// A worker may have tens of thousands. Each operation takes constant time, independent of their number.
class ListeningSockets {
 public:
  using List = boost::intrusive::list<ListeningSocket>;

  explicit ListeningSockets(unsigned worker) : worker_(worker) {}
  ~ListeningSockets();
  ListeningSockets(const ListeningSockets&) = delete;
  ListeningSockets& operator=(const ListeningSockets&) = delete;

  /// Adds new sockets, gives sockets that stay their new state, and marks those no longer named as leaving. A port
  /// whose forwarding and upstream are unchanged keeps its state. Touches no descriptor. Throws if memory is short, and
  /// changes nothing then.
  void serve(std::vector<Listening> listenings);

  /// The sockets that epoll watches, and those that it does not. set_watched() moves a socket between the two lists.
  [[nodiscard]] List& watched() { return watched_; }
  [[nodiscard]] List& unwatched() { return unwatched_; }
  void set_watched(ListeningSocket& socket, bool watched);

  /// Calls take_snapshot() for all of them.
  void update(const std::vector<std::shared_ptr<const upstream::Snapshot>>& snapshots);

  [[nodiscard]] std::size_t leaving() const { return leaving_.size(); }
  /// The next of the leaving sockets, in turn. Precondition: leaving() != 0.
  ListeningSocket& next_leaving();
  /// Releases the descriptor. The object stays until bury(), because events of this round may still point to it.
  void close(ListeningSocket& socket);
  void close_all();
  void bury();

 private:
  using Hook = boost::intrusive::member_hook<ListeningSocket, boost::intrusive::list_member_hook<>,
                                             &ListeningSocket::among_leaving>;

  unsigned worker_;
  List watched_;
  List unwatched_;
  List closed_;
  boost::intrusive::list<ListeningSocket, Hook> leaving_;
};

}  // namespace lastbyte::relay
