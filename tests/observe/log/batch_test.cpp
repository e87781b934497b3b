// Records on their way out: each leaves as one line, of one form, wherever its batch is cut.
#include "observe/log/batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

namespace lastbyte::observe {
namespace {

std::string small(const relay::Record& record) { return "s" + std::to_string(record.id); }
std::string large(const relay::Record& record) { return "large " + std::to_string(record.id); }

relay::Record record(std::uint64_t id) {
  relay::Record made;
  made.id = id;
  return made;
}

class BatchTest : public testing::Test {
 protected:
  Batch three() {
    Batch batch;
    for (std::uint64_t id = 1; id <= 3; ++id) batch.add(record(id), small, target_);
    return batch;
  }
  /// All that leaves from now on.
  static std::string drained(Batch& batch) {
    std::string all(batch.rest());
    batch.wrote(all.size());
    return all;
  }

  LogTarget target_ = std::move(*LogTarget::open("/dev/null"));
};

TEST_F(BatchTest, has_nothing_left_once_all_bytes_have_left) {
  Batch batch = three();
  EXPECT_EQ(batch.rest(), "s1\ns2\ns3\n");
  EXPECT_EQ(drained(batch), "s1\ns2\ns3\n");
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.bytes(), 0U);
  EXPECT_EQ(batch.lose(), 0U);
}

// At every byte: what had left, and the rest in another form.
TEST_F(BatchTest, made_anew_for_another_target_has_each_record_whole_that_had_not_left_whole) {
  const std::string first = "s1\ns2\ns3\n";
  for (std::size_t cut = 0; cut < first.size(); ++cut) {
    Batch batch = three();
    batch.wrote(cut);
    const auto whole = std::ranges::count(first.substr(0, cut), '\n');
    EXPECT_EQ(batch.is_torn(), cut > 0 && first[cut - 1] != '\n') << cut;
    batch.remake(large, target_, false);
    std::string wanted;
    for (auto id = whole + 1; id <= 3; ++id) wanted += "large " + std::to_string(id) + "\n";
    EXPECT_FALSE(batch.is_torn()) << cut;
    EXPECT_EQ(drained(batch), wanted) << cut;
  }
}

TEST_F(BatchTest, made_anew_for_the_same_target_ends_the_line_that_has_begun_and_goes_on_in_the_new_form) {
  const std::string first = "s1\ns2\ns3\n";
  for (std::size_t cut = 0; cut < first.size(); ++cut) {
    Batch batch = three();
    batch.wrote(cut);
    const bool torn = batch.is_torn();
    const std::string left = first.substr(0, cut);
    batch.remake(large, target_, true);
    EXPECT_EQ(batch.is_torn(), torn) << cut << ": the beginning stands there still";
    const std::string all = left + drained(batch);
    std::string wanted;
    for (std::size_t id = 1; id <= 3; ++id) wanted += (cut > 3 * (id - 1) ? "s" : "large ") + std::to_string(id) + "\n";
    EXPECT_EQ(all, wanted) << cut;
  }
}

TEST_F(BatchTest, made_anew_twice_within_a_line_has_the_record_whole_for_a_third_target) {
  Batch batch = three();
  batch.wrote(1);
  batch.remake(large, target_, true);
  EXPECT_EQ(batch.rest(), "1\nlarge 2\nlarge 3\n");
  batch.remake(large, target_, false);
  EXPECT_EQ(drained(batch), "large 1\nlarge 2\nlarge 3\n");
}

TEST_F(BatchTest, given_up_counts_a_torn_record_and_none_that_has_left) {
  Batch batch = three();
  batch.wrote(4);
  EXPECT_TRUE(batch.is_torn());
  EXPECT_EQ(batch.lose(), 2U);
  EXPECT_TRUE(batch.empty());
  EXPECT_FALSE(batch.is_torn());
  batch.add(record(4), small, target_);
  EXPECT_EQ(drained(batch), "s4\n");
}

}  // namespace
}  // namespace lastbyte::observe
