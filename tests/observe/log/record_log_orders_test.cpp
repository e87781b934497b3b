// A log of records that is told to write elsewhere, or in another form.
#include "tests/observe/log/record_log_stage.h"

namespace lastbyte::observe {
namespace {

TEST_F(RecordLogTest, a_change_of_its_target_under_load_loses_tears_and_doubles_nothing) {
  open(path("log.0"), long_line);
  constexpr std::uint64_t kRecords = 20000;
  int files = 1;
  for (std::uint64_t id = 0; id < kRecords; ++id) {
    while (!push(id)) std::this_thread::yield();
    if (id % 500 == 250) move_to(target_at(path("log." + std::to_string(files++))));
  }
  log_->close();
  std::vector<int> seen(kRecords, 0);
  for (int file = 0; file < files; ++file)
    for (const std::string& line : lines(path("log." + std::to_string(file)))) {
      ASSERT_TRUE(line.starts_with("record ") && line.ends_with(std::string(200, 'x'))) << line;
      ++seen[std::stoull(line.substr(7))];
    }
  EXPECT_EQ(std::ranges::count(seen, 1), static_cast<std::ptrdiff_t>(kRecords));
  EXPECT_EQ(log_->lost(), 0U);
}

TEST_F(RecordLogTest, another_format_under_load_leaves_each_line_in_one_form) {
  open(path("log"));
  constexpr std::uint64_t kRecords = 20000;
  for (std::uint64_t id = 0; id < kRecords; ++id) {
    while (!push(id)) std::this_thread::yield();
    if (id % 500 == 250) log_->obey({.format = id % 1000 == 250 ? other_line : short_line});
  }
  log_->close();
  std::uint64_t id = 0;
  for (const std::string& line : lines(path("log"))) {
    const std::string number = std::to_string(id++);
    ASSERT_TRUE(line == "record " + number || line == "other " + number) << line;
  }
  EXPECT_EQ(id, kRecords);
}

TEST_F(RecordLogTest, without_a_target_it_leaves_records_in_their_rings_for_the_one_that_comes) {
  begin(std::nullopt);
  for (std::uint64_t id = 0; id < 100; ++id) ASSERT_TRUE(push(id));
  move_to(target_at(path("log")), other_line);
  EXPECT_TRUE(eventually([&] { return lines(path("log")).size() == 100; }));
  EXPECT_EQ(lines(path("log")).back(), "other 99");
}

TEST_F(RecordLogTest, what_the_rings_hold_goes_to_the_target_that_is_taken_away) {
  open(path("log"));
  for (std::uint64_t id = 0; id < 5000; ++id) ASSERT_TRUE(push(id));
  move_to(std::nullopt);
  EXPECT_TRUE(eventually([&] { return lines(path("log")).size() == 5000; }));
  log_->close();
  EXPECT_EQ(log_->lost(), 0U);
}

TEST_F(RecordLogTest, a_target_that_failed_and_is_left_tells_what_was_lost_there) {
  open("/dev/full");
  push(1);
  EXPECT_TRUE(eventually([&] { return log_->lost() == 1; }));
  move_to(target_at(path("log")));
  push(2);
  EXPECT_TRUE(eventually([&] { return lines(path("log")).size() == 1; }));
  log_->close();
  ASSERT_EQ(warnings().size(), 2U);
  EXPECT_EQ(warnings().back(), "log /dev/full: is no longer written; 1 session record was lost");
}

// What waits for the reader that does not read goes to the new target, in its form: nothing of it is lost.
TEST_F(PipeLogTest, a_reader_that_does_not_read_is_left_for_another_target_in_another_form) {
  open(path("pipe"), long_line);
  std::uint64_t pushed = 0;
  while (push(pushed)) ++pushed;
  EXPECT_TRUE(eventually([&] { return !warnings().empty(); }));
  move_to(target_at(path("log")), other_line);
  std::string all;
  EXPECT_TRUE(eventually([&] {
    all += read_some();
    return static_cast<std::uint64_t>(std::ranges::count(all, '\n')) + lines(path("log")).size() == pushed;
  }));
  log_->close();
  EXPECT_EQ(log_->lost(), 0U);
  std::uint64_t id = 0;
  std::istringstream stream(all);
  for (std::string line; std::getline(stream, line); ++id)
    EXPECT_EQ(line, "record " + std::to_string(id) + " " + std::string(200, 'x'));
  for (const std::string& line : lines(path("log"))) EXPECT_EQ(line, "other " + std::to_string(id++));
}

TEST_F(PipeLogTest, a_log_that_is_turned_off_waits_a_second_for_a_reader_that_does_not_read) {
  open(path("pipe"), long_line);
  std::uint64_t pushed = 0;
  while (push(pushed)) ++pushed;
  move_to(std::nullopt);
  EXPECT_TRUE(eventually([&] {
    return std::ranges::any_of(warnings(),
                               [](const auto& each) { return each.find("is no longer written") != std::string::npos; });
  }));
  std::uint64_t written = 0;
  for (std::string some = read_some(); !some.empty(); some = read_some())
    written += static_cast<std::uint64_t>(std::ranges::count(some, '\n'));
  EXPECT_EQ(written + log_->lost(), pushed) << "every record is either written or counted as lost";
  move_to(target_at(path("log")));
  push(pushed);
  EXPECT_TRUE(eventually([&] { return lines(path("log")).size() == 1; }));
}

}  // namespace
}  // namespace lastbyte::observe
