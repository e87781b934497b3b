#include "peers/payload.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace lastbyte::peers {
namespace {

std::vector<std::byte> stream(std::uint64_t seed, std::uint64_t position, std::size_t count) {
  std::vector<std::byte> bytes(count);
  Payload(seed).fill(position, bytes);
  return bytes;
}

RC_GTEST_PROP(Payload, is_the_same_however_it_is_cut, ()) {
  const auto position = *rc::gen::inRange<std::uint64_t>(0, 100'000);
  const auto count = *rc::gen::inRange<std::size_t>(0, 5000);
  const auto cut = *rc::gen::inRange<std::size_t>(0, count + 1);
  const auto whole = stream(7, position, count);
  auto parts = stream(7, position, cut);
  const auto rest = stream(7, position + cut, count - cut);
  parts.insert(parts.end(), rest.begin(), rest.end());
  RC_ASSERT(parts == whole);
}

RC_GTEST_PROP(Payload, the_first_wrong_byte_is_found, ()) {
  const auto position = *rc::gen::inRange<std::uint64_t>(0, 100'000);
  const auto count = *rc::gen::inRange<std::size_t>(1, 20'000);
  const auto wrong = *rc::gen::inRange<std::size_t>(0, count);
  auto bytes = stream(7, position, count);
  RC_ASSERT(!Payload(7).first_wrong(position, bytes));
  bytes[wrong] ^= std::byte{1};
  RC_ASSERT(Payload(7).first_wrong(position, bytes) == std::optional(wrong));
}

TEST(Payload, a_lost_block_is_seen) {
  for (const std::size_t lost : {1U, 8U, 4096U, 65536U}) {
    EXPECT_TRUE(Payload(1).first_wrong(1000, stream(1, 1000 + lost, 100))) << lost;
  }
}

TEST(Payload, the_other_sides_bytes_are_seen) { EXPECT_TRUE(Payload(1).first_wrong(0, stream(2, 0, 100))); }

}  // namespace
}  // namespace lastbyte::peers
