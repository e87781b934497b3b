#include "observe/log/record_log.h"

#include "tests/observe/log/record_log_stage.h"

namespace lastbyte::observe {
namespace {

TEST_F(RecordLogTest, writes_each_record_as_one_line_in_the_order_of_its_ring) {
  open(path("log"));
  for (std::uint64_t id = 0; id < 1000; ++id) ASSERT_TRUE(push(id));
  log_->close();
  const auto written = lines(path("log"));
  ASSERT_EQ(written.size(), 1000U);
  for (std::uint64_t id = 0; id < 1000; ++id) EXPECT_EQ(written[id], "record " + std::to_string(id));
  EXPECT_EQ(log_->lost(), 0U);
}

TEST_F(RecordLogTest, takes_records_from_every_ring) {
  open(path("log"));
  push(1);
  push(2, &other_ring_);
  log_->close();
  EXPECT_EQ(lines(path("log")).size(), 2U);
}

TEST_F(RecordLogTest, writes_while_it_runs_and_not_only_when_it_ends) {
  open(path("log"));
  push(1);
  EXPECT_TRUE(eventually([&] { return lines(path("log")).size() == 1; }));
}

TEST_F(RecordLogTest, a_burst_wakes_it_far_less_often_than_once_a_record) {
  open(path("log"));
  for (std::uint64_t id = 0; id < 5000; ++id) ASSERT_TRUE(push(id));
  log_->close();
  // A nap lies between two wake-ups, and a burst of this size takes only a few naps.
  EXPECT_LT(log_->wakeups(), 500U);
  EXPECT_EQ(lines(path("log")).size(), 5000U);
}

TEST_F(RecordLogTest, makes_the_file_unreadable_for_others_and_appends_to_one_that_is_there) {
  std::ofstream(path("old")) << "before\n";
  const mode_t mask = ::umask(0);
  open(path("old"));
  push(1);
  log_->close();
  EXPECT_EQ(lines(path("old")), (std::vector<std::string>{"before", "record 1"}));
  open(path("new"));
  ::umask(mask);
  struct stat status{};
  ASSERT_EQ(::stat(path("new").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640U);
}

TEST_F(RecordLogTest, rotation_puts_later_records_into_the_new_file_and_loses_none) {
  open(path("log"));
  for (std::uint64_t id = 0; id < 100; ++id) push(id);
  EXPECT_TRUE(eventually([&] { return lines(path("log")).size() == 100; }));
  fs::rename(path("log"), path("log.1"));
  log_->reopen();
  EXPECT_TRUE(eventually([&] { return fs::exists(path("log")); }));
  for (std::uint64_t id = 100; id < 200; ++id) push(id);
  log_->close();
  EXPECT_EQ(lines(path("log.1")).size(), 100U);
  const auto fresh = lines(path("log"));
  ASSERT_EQ(fresh.size(), 100U);
  EXPECT_EQ(fresh.front(), "record 100");
  EXPECT_EQ(log_->lost(), 0U);
}

TEST_F(RecordLogTest, rotation_under_load_loses_and_tears_nothing) {
  open(path("log"), long_line);
  constexpr std::uint64_t kRecords = 20000;
  for (std::uint64_t id = 0; id < kRecords; ++id) {
    while (!push(id)) std::this_thread::yield();
    if (id % 5000 != 2500) continue;
    fs::rename(path("log"), path("log." + std::to_string(id)));
    log_->reopen();
    EXPECT_TRUE(eventually([&] { return fs::exists(path("log")); }));
  }
  log_->close();
  std::size_t count = 0;
  for (const auto& file : fs::directory_iterator(directory_))
    for (const std::string& line : lines(file.path())) {
      ++count;
      EXPECT_TRUE(line.starts_with("record ") && line.ends_with(std::string(200, 'x'))) << line;
    }
  EXPECT_EQ(count, kRecords);
}

TEST_F(RecordLogTest, when_the_new_file_cannot_be_opened_the_old_one_is_written_on) {
  fs::create_directory(path("dir"));
  open(path("dir/log"));
  fs::rename(path("dir"), path("moved"));
  log_->reopen();
  EXPECT_TRUE(eventually([&] { return !warnings().empty(); }));
  EXPECT_NE(warnings().front().find("the log continues in the old file"), std::string::npos);
  push(1);
  log_->close();
  EXPECT_EQ(lines(path("moved/log")).size(), 1U);
}

TEST_F(RecordLogTest, a_full_disk_loses_records_tells_it_once_and_kills_nothing) {
  open("/dev/full");
  for (std::uint64_t id = 0; id < 100; ++id) push(id);
  EXPECT_TRUE(eventually([&] { return log_->lost() == 100; }));
  log_->reopen();  // tries again at once, and fails again
  for (std::uint64_t id = 0; id < 100; ++id) push(id);
  log_->close();
  EXPECT_EQ(log_->lost(), 200U);
  ASSERT_EQ(warnings().size(), 1U);
  EXPECT_NE(warnings().front().find("ENOSPC"), std::string::npos) << warnings().front();
}

TEST_F(RecordLogTest, a_log_that_failed_is_written_again_once_it_is_opened_anew) {
  fs::create_symlink("/dev/full", path("log"));
  open(path("log"));
  push(1);
  EXPECT_TRUE(eventually([&] { return log_->lost() == 1; }));
  fs::remove(path("log"));
  log_->reopen();
  EXPECT_TRUE(eventually([&] { return fs::exists(path("log")); }));
  push(2);
  log_->close();
  EXPECT_EQ(lines(path("log")), std::vector<std::string>{"record 2"});
  EXPECT_EQ(log_->lost(), 1U);
  ASSERT_EQ(warnings().size(), 2U);
  EXPECT_NE(warnings().back().find("1 session record was lost"), std::string::npos) << warnings().back();
}

/// What this process may write to a file, for a while.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~SizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  SizeLimit(const SizeLimit&) = delete;
  SizeLimit& operator=(const SizeLimit&) = delete;

 private:
  rlimit before_{};
};

// A disk takes a part of a line before it is full. The file of that name may still be the same one.
TEST_F(RecordLogTest, opened_anew_where_its_file_ends_in_the_middle_of_a_line_begins_a_line_of_its_own) {
  open(path("log"));
  {
    const SizeLimit limit(12);
    push(1);
    EXPECT_TRUE(eventually([&] { return lines(path("log")).size() == 1; }));
    push(2);
    EXPECT_TRUE(eventually([&] { return log_->lost() == 1; }));
    EXPECT_EQ(lines(path("log")), (std::vector<std::string>{"record 1", "rec"}));
  }
  log_->reopen();
  push(3);
  log_->close();
  EXPECT_EQ(lines(path("log")), (std::vector<std::string>{"record 1", "rec", "record 3"}));
}

TEST_F(PipeLogTest, a_reader_that_does_not_read_does_not_hang_the_end) {
  open(path("pipe"), long_line);
  std::uint64_t pushed = 0;
  while (push(pushed)) ++pushed;
  log_->close();
  std::uint64_t written = 0;
  for (std::string some = read_some(); !some.empty(); some = read_some())
    written += static_cast<std::uint64_t>(std::ranges::count(some, '\n'));
  EXPECT_GT(written, 0U);
  EXPECT_EQ(written + log_->lost(), pushed) << "every record is either written or counted as lost";
}

TEST_F(PipeLogTest, a_reader_that_does_not_read_fills_the_ring_and_not_the_memory) {
  open(path("pipe"), long_line);
  std::uint64_t pushed = 0;
  while (push(pushed)) ++pushed;
  EXPECT_LT(pushed, 3 * 8192U);
  EXPECT_EQ(log_->lost(), 0U);
  EXPECT_TRUE(eventually([&] { return !warnings().empty(); }));
  EXPECT_NE(warnings().front().find("does not read"), std::string::npos);
}

TEST_F(PipeLogTest, a_reader_that_reads_again_gets_every_line_whole) {
  open(path("pipe"), long_line);
  std::uint64_t pushed = 0;
  while (push(pushed)) ++pushed;
  std::string all;
  EXPECT_TRUE(eventually([&] {
    all += read_some();
    return static_cast<std::uint64_t>(std::ranges::count(all, '\n')) == pushed;
  }));
  log_->close();
  EXPECT_EQ(log_->lost(), 0U);
  std::istringstream stream(all);
  std::uint64_t id = 0;
  for (std::string line; std::getline(stream, line); ++id)
    EXPECT_EQ(line, "record " + std::to_string(id) + " " + std::string(200, 'x'));
}

TEST_F(PipeLogTest, lines_of_another_writer_are_never_mixed_into_ours) {
  open(path("pipe"), long_line);
  const Descriptor other(::open(path("pipe").c_str(), O_WRONLY | O_CLOEXEC));
  std::atomic<bool> done{false};
  std::thread writer([&] {
    const std::string line = std::string(99, 'o') + "\n";
    for (int each = 0; each < 2000; ++each) (void)!::write(other.get(), line.data(), line.size());
    done.store(true);
  });
  std::string all;
  std::uint64_t pushed = 0;
  EXPECT_TRUE(eventually([&] {
    for (int burst = 0; burst < 50 && pushed < 5000; ++burst) pushed += push(pushed) ? 1U : 0U;
    const std::string some = read_some();
    all += some;
    return done.load() && pushed == 5000 && std::ranges::count(all, '\n') == 7000;
  }));
  writer.join();
  std::istringstream stream(all);
  for (std::string line; std::getline(stream, line);)
    EXPECT_TRUE(line == std::string(99, 'o') || (line.starts_with("record ") && line.ends_with(std::string(200, 'x'))))
        << line;
}

TEST_F(PipeLogTest, a_log_that_failed_is_tried_again_by_itself) {
  open(path("pipe"));
  reader_.close();
  push(0);
  EXPECT_TRUE(eventually([&] { return log_->lost() == 1; }));
  reader_ = Descriptor(::open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  std::uint64_t id = 1;
  std::string read;
  EXPECT_TRUE(eventually([&] {
    push(id++);
    read += read_some();
    return !read.empty();
  }));
  log_->close();
  read += read_some();
  EXPECT_EQ(log_->lost() + static_cast<std::uint64_t>(std::ranges::count(read, '\n')), id);
  ASSERT_EQ(warnings().size(), 2U);
  EXPECT_NE(warnings().back().find("can be written again"), std::string::npos) << warnings().back();
}

TEST_F(PipeLogTest, a_reader_that_went_away_loses_records_and_raises_no_signal) {
  open(path("pipe"));
  reader_.close();
  push(1);
  EXPECT_TRUE(eventually([&] { return log_->lost() == 1; }));
  ASSERT_FALSE(warnings().empty());
  EXPECT_NE(warnings().front().find("EPIPE"), std::string::npos) << warnings().front();
}

}  // namespace
}  // namespace lastbyte::observe
