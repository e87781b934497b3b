// The listening sockets of one worker, from one serve() to the next: which go on, which are new, which are leaving.
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

/// Whether the state is what sessions of `listening` are to refer to.
bool is_state_of(const ListenerState& state, const Listening& listening);
/// A new one, without the sockets. `worker`: its index, from which source addresses are taken in turn.
ListenerPtr make_state(Listening listening, unsigned worker);

/// Sessions that begin from now on, and tries of others that have not begun, go by `snapshot`, if it is a newer one of
/// the state's group.
void take_snapshot(ListenerState& state, const std::shared_ptr<const upstream::Snapshot>& snapshot);

/// One listening socket in the loop.
struct alignas(8) ListeningSocket : boost::intrusive::list_base_hook<> {
  std::shared_ptr<const Descriptor> socket;  ///< null: closed in this round; its events mean nothing any more
  ListenerPtr state;                         ///< of its next client
  bool watched = false;                      ///< epoll reports its clients
  bool leaving = false;                      ///< to be closed as soon as its queue is empty
  unsigned batch = 0;                        ///< how many were to be accepted at the last event
  std::uint64_t told_in = 0;                 ///< the worker's round of that event
  AcceptBackoff backoff;                     ///< of errors that are this socket's alone
  TimePoint rests_until{};                   ///< because of such an error
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

  /// Adds what is new, gives what goes on its new state, and marks what is no longer named as leaving. A port whose
  /// forwarding and upstream are the same as before keeps its state. Touches no descriptor. Where memory is short it
  /// throws, and all is as before.
  void serve(std::vector<Listening> listenings);

  /// Those that epoll tells of, and those that it does not. set_watched() moves one from here to there.
  [[nodiscard]] List& watched() { return watched_; }
  [[nodiscard]] List& unwatched() { return unwatched_; }
  void set_watched(ListeningSocket& socket, bool watched);

  /// As take_snapshot(), of all of them.
  void update(const std::vector<std::shared_ptr<const upstream::Snapshot>>& snapshots);

  [[nodiscard]] std::size_t leaving() const { return leaving_.size(); }
  /// One of those that leave; all of them in turn. Precondition: leaving() != 0.
  ListeningSocket& next_leaving();
  /// Lets the descriptor go. The object stays until bury(): events of this round may still point to it.
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
