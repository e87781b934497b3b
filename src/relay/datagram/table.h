// Which session a datagram belongs to, and which session has been silent the longest. Pure: keys and times in, sessions
// out.
#pragma once

#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "net/datagram/io.h"

namespace lastbyte::relay {

/// Whom a session belongs to: a client that wrote to one of our addresses, at one listening socket. Two listening ports
/// never share a session, nor do two addresses.
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
  /// `seed`: keys are strangers' to choose, and must not be chosen so that they collide.
  explicit DatagramTable(std::uint64_t seed) : entries_(0, Hash{seed}) {}
  DatagramTable(const DatagramTable&) = delete;
  DatagramTable& operator=(const DatagramTable&) = delete;

  /// nullptr: there is none.
  [[nodiscard]] DatagramEntry* find(const DatagramKey& key) const;
  /// Precondition: its key is not there. Counts as heard now.
  void add(DatagramEntry& entry, TimePoint now);
  /// A datagram came, or one of its answers. `now` never goes back.
  void touch(DatagramEntry& entry, TimePoint now);
  void remove(DatagramEntry& entry);

  /// The one that was heard of first of all; nullptr: the table is empty.
  [[nodiscard]] DatagramEntry* longest_silent();
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] bool empty() const { return entries_.empty(); }

  /// For every session there is; `visit` may remove the one that it is given.
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
  boost::intrusive::list<DatagramEntry> by_silence_;  ///< heard of the longest ago in front
};

}  // namespace lastbyte::relay
