// Finds the session of a datagram, and the session that has been silent the longest. Pure: keys and times in, sessions
// out.
#pragma once

#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "net/datagram/io.h"

namespace lastbyte::relay {

/// The owner of a session: a client that wrote to one of our addresses, at one listening socket. Two listening ports
/// never share a session, and neither do two addresses.
struct DatagramKey {
  net::DatagramEnds ends;
  std::uint32_t socket = 0;  ///< number of the listening socket
  friend bool operator==(const DatagramKey&, const DatagramKey&) = default;
};

/// The entry of a session in the table; a session derives from it and outlives its place in the table.
struct DatagramEntry : boost::intrusive::list_base_hook<> {
  explicit DatagramEntry(const DatagramKey& key_) : key(key_) {}
  DatagramKey key;
  TimePoint heard;  ///< the last datagram, of either side
};

/// The sessions of one forwarding in one worker. Finding and touching allocate nothing.
class DatagramTable {
 public:
  /// `seed` is secret: strangers choose the keys, and must not be able to make them collide.
  explicit DatagramTable(std::uint64_t seed) : entries_(0, Hash{seed}) {}
  DatagramTable(const DatagramTable&) = delete;
  DatagramTable& operator=(const DatagramTable&) = delete;

  /// nullptr: there is none.
  [[nodiscard]] DatagramEntry* find(const DatagramKey& key) const;
  /// Adds an entry, heard now. Precondition: its key is not in the table.
  void add(DatagramEntry& entry, TimePoint now);
  /// Notes that a datagram or an answer has arrived. `now` never goes back.
  void touch(DatagramEntry& entry, TimePoint now);
  void remove(DatagramEntry& entry);

  /// The session that has been silent the longest; nullptr: the table is empty.
  [[nodiscard]] DatagramEntry* longest_silent();
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] bool empty() const { return entries_.empty(); }

  /// Visits every session; `visit` may remove the one that it gets.
  template <typename Visit>
  void for_each(Visit visit) {
    for (auto next = by_silence_.begin(); next != by_silence_.end();) visit(*next++);
  }

 private:
  struct Hash {
    std::uint64_t seed;
    std::size_t operator()(const DatagramKey& key) const;
  };
  boost::unordered_flat_map<DatagramKey, DatagramEntry*, Hash> entries_;
  boost::intrusive::list<DatagramEntry> by_silence_;  ///< the one silent the longest comes first
};

}  // namespace lastbyte::relay
