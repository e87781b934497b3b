#include "relay/datagram/table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <list>
#include <memory>
#include <vector>

namespace lastbyte::relay {
namespace {

DatagramKey key_of(std::uint8_t client, std::uint16_t port, std::uint8_t local, std::uint32_t socket) {
  DatagramKey key;
  key.ends.family = AF_INET;
  key.ends.client = {10, 0, 0, client};
  key.ends.port = port;
  key.ends.local = {127, 0, 0, local};
  key.socket = socket;
  return key;
}

TimePoint at(int ms) { return TimePoint(Duration(ms)); }

TEST(DatagramTable, sessions_differ_by_client_port_local_address_and_listening_socket) {
  DatagramTable table(7);
  std::list<DatagramEntry> entries;
  for (const auto& key : {key_of(1, 1000, 1, 0), key_of(2, 1000, 1, 0), key_of(1, 1001, 1, 0), key_of(1, 1000, 2, 0),
                          key_of(1, 1000, 1, 1)}) {
    EXPECT_EQ(table.find(key), nullptr);
    table.add(entries.emplace_back(key), at(0));
  }
  EXPECT_EQ(table.size(), 5U);
  for (DatagramEntry& each : entries) EXPECT_EQ(table.find(each.key), &each);
  for (DatagramEntry& each : entries) table.remove(each);
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.longest_silent(), nullptr);
}

TEST(DatagramTable, a_session_may_be_removed_while_all_are_visited) {
  DatagramTable table(7);
  std::list<DatagramEntry> entries;
  for (std::uint16_t port = 1; port <= 10; ++port) table.add(entries.emplace_back(key_of(1, port, 1, 0)), at(port));
  std::size_t visited = 0;
  table.for_each([&](DatagramEntry& each) {
    ++visited;
    if (each.key.ends.port % 2 == 0) table.remove(each);
  });
  EXPECT_EQ(visited, 10U);
  EXPECT_EQ(table.size(), 5U);
  table.for_each([&](DatagramEntry& each) { table.remove(each); });
}

// Any history of datagrams, new clients and endings, beside a list that is kept the slow way.
RC_GTEST_PROP(DatagramTable, finds_what_is_there_and_knows_who_has_been_silent_the_longest,
              (std::uint64_t seed, const std::vector<std::uint8_t>& story)) {
  DatagramTable table(seed);
  std::vector<std::unique_ptr<DatagramEntry>> model;  // the longest silent first
  const auto in_model = [&](const DatagramKey& key) {
    return std::ranges::find_if(model, [&](const auto& each) { return each->key == key; });
  };
  int now = 0;
  for (const std::uint8_t word : story) {
    now += word % 3;
    const DatagramKey key = key_of(1, word % 16, (word / 16) % 4, word / 64);
    const auto known = in_model(key);
    RC_ASSERT((table.find(key) == nullptr) == (known == model.end()));
    if (known == model.end()) {
      model.push_back(std::make_unique<DatagramEntry>(key));
      table.add(*model.back(), at(now));
    } else if (word % 5 == 0) {
      table.remove(**known);
      model.erase(known);
    } else {
      table.touch(**known, at(now));
      std::rotate(known, known + 1, model.end());
    }
    RC_ASSERT(table.size() == model.size());
    RC_ASSERT(table.longest_silent() == (model.empty() ? nullptr : model.front().get()));
    RC_ASSERT(std::ranges::is_sorted(model, {}, [](const auto& each) { return each->heard; }));
  }
  for (const auto& each : model) RC_ASSERT(table.find(each->key) == each.get());
  for (const auto& each : model) table.remove(*each);
}

}  // namespace
}  // namespace lastbyte::relay
