#include "relay/datagram/table.h"

#include <xxhash.h>

#include <cassert>

namespace lastbyte::relay {

std::size_t DatagramTable::Hash::operator()(const DatagramKey& key) const {
  static_assert(std::has_unique_object_representations_v<DatagramKey>, "no padding: every byte is hashed");
  return XXH3_64bits_withSeed(&key, sizeof key, seed);
}

DatagramEntry* DatagramTable::find(const DatagramKey& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : found->second;
}

void DatagramTable::add(DatagramEntry& entry, TimePoint now) {
  entry.heard = now;
  const bool added = entries_.emplace(entry.key, &entry).second;
  assert(added);
  if (added) by_silence_.push_back(entry);
}

void DatagramTable::touch(DatagramEntry& entry, TimePoint now) {
  entry.heard = now;
  by_silence_.splice(by_silence_.end(), by_silence_, by_silence_.iterator_to(entry));
}

void DatagramTable::remove(DatagramEntry& entry) {
  entries_.erase(entry.key);
  by_silence_.erase(by_silence_.iterator_to(entry));
}

DatagramEntry* DatagramTable::longest_silent() { return by_silence_.empty() ? nullptr : &by_silence_.front(); }

}  // namespace lastbyte::relay
