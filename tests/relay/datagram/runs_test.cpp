#include "relay/datagram/runs.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "relay/datagram/errors.h"

namespace lastbyte::relay {
namespace {

constexpr RunLimits kLimits{.segment = 65'507, .datagrams = 64, .bytes = 65'507};

std::vector<DatagramRun> all_runs(const std::vector<DatagramPiece>& pieces, const RunLimits& limits) {
  std::vector<DatagramRun> runs;
  for (DatagramPlace at; at.piece < pieces.size(); at = runs.back().end) runs.push_back(next_run(pieces, at, limits));
  return runs;
}

/// How many datagrams each send carries.
std::vector<std::size_t> counts(const std::vector<DatagramPiece>& pieces, const RunLimits& limits = kLimits) {
  std::vector<std::size_t> all;
  for (const DatagramRun& run : all_runs(pieces, limits)) all.push_back(run.datagrams);
  return all;
}

using Counts = std::vector<std::size_t>;

TEST(DatagramRuns, equal_sizes_go_together_and_a_shorter_one_ends_the_run) {
  EXPECT_EQ(counts({{100, 100}, {100, 100}, {60, 60}, {60, 60}}), (Counts{3, 1}));
  EXPECT_EQ(counts({{60, 60}, {100, 100}}), (Counts{1, 1}));
}

TEST(DatagramRuns, a_datagram_without_a_byte_goes_alone) {
  EXPECT_EQ(counts({{0, 0}, {0, 0}, {5, 5}, {0, 0}}), (Counts{1, 1, 1, 1}));
}

TEST(DatagramRuns, what_came_together_goes_together_and_what_follows_it_too) {
  EXPECT_EQ(counts({{300, 100}, {100, 100}, {250, 100}, {100, 100}}), (Counts{7, 1}));
}

TEST(DatagramRuns, a_segment_beyond_the_limit_goes_alone_also_out_of_many) {
  EXPECT_EQ(counts({{350, 100}, {50, 50}, {50, 50}}, {.segment = 99, .datagrams = 64, .bytes = 65'507}),
            (Counts{1, 1, 1, 3}));
}

using Numbers = std::vector<std::pair<std::uint16_t, std::uint16_t>>;

struct Shape {
  std::vector<DatagramPiece> pieces;
  std::vector<std::size_t> datagrams;  ///< the size of each
};

Shape shape_of(const Numbers& numbers) {
  Shape shape;
  for (const auto& [size_number, segment_number] : numbers) {
    const std::size_t size = size_number % 5 == 0 ? 0 : size_number % 4000U;
    const std::size_t segment = size == 0 ? 0 : std::clamp<std::size_t>(segment_number % 1500, 1 + size / 64, size);
    shape.pieces.push_back({size, segment});
    if (size == 0) shape.datagrams.push_back(0);
    for (std::size_t offset = 0; offset < size; offset += segment)
      shape.datagrams.push_back(std::min(segment, size - offset));
  }
  return shape;
}

// As the kernel will cut them: every datagram comes out whole, alone, in its order, and within the limits.
RC_GTEST_PROP(DatagramRuns, every_datagram_comes_out_with_its_size_in_its_order,
              (const Numbers& numbers, std::uint16_t largest)) {
  const Shape shape = shape_of(numbers);
  const RunLimits limits{.segment = largest % 1600U, .datagrams = 64, .bytes = 65'507};
  std::vector<std::size_t> cut;
  for (const DatagramRun& run : all_runs(shape.pieces, limits)) {
    RC_ASSERT(run.datagrams >= 1 && run.datagrams <= limits.datagrams);
    RC_ASSERT(run.bytes <= limits.bytes);
    RC_ASSERT(run.datagrams == 1 || run.segment <= limits.segment);
    const std::size_t before = cut.size();
    if (run.bytes == 0) cut.push_back(0);
    for (std::size_t offset = 0; offset < run.bytes; offset += run.segment)
      cut.push_back(std::min(run.segment, run.bytes - offset));
    RC_ASSERT(cut.size() - before == run.datagrams);
  }
  RC_ASSERT(cut == shape.datagrams);
}

TEST(DatagramErrors, an_icmp_error_ends_a_session_and_a_full_buffer_does_not) {
  EXPECT_FALSE(costs_one_datagram(ECONNREFUSED));
  EXPECT_FALSE(costs_one_datagram(ENOPROTOOPT));
  EXPECT_FALSE(costs_one_datagram(EBADF));
  for (const int error : {EAGAIN, ENOBUFS, EMSGSIZE, EPERM, EHOSTUNREACH})
    EXPECT_TRUE(costs_one_datagram(error)) << error;
}

}  // namespace
}  // namespace lastbyte::relay
