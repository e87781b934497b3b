#include "proxy/process/operator_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "base/descriptor.h"
#include "proxy/process/line_rate.h"

namespace lastbyte::proxy {
namespace {

class OperatorLogTest : public testing::Test {
 protected:
  OperatorLogTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read_end_ = Descriptor(ends[0]);
    write_end_ = Descriptor(ends[1]);
  }

  std::string read_some() {
    std::string all(1 << 16, '\0');
    const ssize_t count = ::read(read_end_.get(), all.data(), all.size());
    all.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return all;
  }

  Descriptor read_end_;
  Descriptor write_end_;
};

TEST_F(OperatorLogTest, a_message_is_one_line_with_its_time_and_weight) {
  OperatorLog log(write_end_.get());
  log.warn("something {} happened");
  EXPECT_TRUE(std::regex_match(
      read_some(), std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warning: something \{\} happened\n)")));
}

// If the log hangs, the test program's time limit ends this test.
TEST_F(OperatorLogTest, a_reader_that_does_not_read_holds_nobody_up) {
  ASSERT_EQ(::fcntl(write_end_.get(), F_SETPIPE_SZ, 4096), 4096);
  OperatorLog log(write_end_.get());
  const std::string message(1000, 'x');
  for (int each = 0; each < 8; ++each) log.info(message);
  std::string line = read_some();
  EXPECT_EQ(line.size() % (line.find('\n') + 1), 0U) << "only whole lines";
}

/// A log whose lines wait behind a full pipe, and the text that is later read from the pipe.
class StuckOperatorLog : public OperatorLogTest {
 protected:
  StuckOperatorLog() {
    EXPECT_EQ(::fcntl(write_end_.get(), F_SETPIPE_SZ, 4096), 4096);
    EXPECT_EQ(::write(write_end_.get(), std::string(4096, '\n').data(), 4096), 4096);
    EXPECT_TRUE(log_->start());
  }
  /// Reads to the end of the output, on a thread, until finish().
  void begin_to_read() {
    reader_ = std::thread([this] {
      for (std::string some = read_some(); !some.empty(); some = read_some()) {
        const std::lock_guard lock(mutex_);
        read_ += some;
      }
    });
  }
  std::size_t count(const std::string& what) {
    const std::lock_guard lock(mutex_);
    std::size_t times = 0;
    for (std::size_t at = 0; (at = read_.find(what, at)) != std::string::npos; ++at) ++times;
    return times;
  }
  /// Returns everything that was read.
  std::string finish() {
    log_.reset();
    write_end_.close();
    reader_.join();
    return read_;
  }
  static std::uint64_t number_before(const std::string& text, const std::string& what) {
    const std::size_t end = text.find(what);
    if (end == std::string::npos) return 0;
    return std::stoull(text.substr(text.find_last_not_of("0123456789", end - 1) + 1));
  }

  std::optional<OperatorLog> log_{write_end_.get()};
  std::thread reader_;
  std::mutex mutex_;
  std::string read_;
};

// If the log waited 100 ms for each line, the test program's time limit would end this test.
TEST_F(StuckOperatorLog, T12_no_worker_waits_and_what_is_dropped_is_counted_and_told) {
  constexpr std::uint64_t kLines = 5000;
  for (std::uint64_t each = 0; each < kLines; ++each) log_->warn_from_worker("from a worker");
  begin_to_read();
  while (count("from a worker") < LineRate::kAtOnce) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  log_->tell_dropped();
  log_->tell_dropped();
  const std::string read = finish();
  EXPECT_EQ(count("messages were dropped"), 1U) << "nothing new is not told";
  EXPECT_EQ(count("from a worker") + number_before(read, " messages were dropped"), kLines);
}

TEST_F(StuckOperatorLog, the_control_thread_waits_once_and_then_drops_what_has_no_room) {
  constexpr std::uint64_t kLines = 5000;
  for (std::uint64_t each = 0; each < kLines; ++each) log_->info("line " + std::to_string(each) + " of many");
  begin_to_read();
  while (count(" of many") < 1024) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  log_->tell_dropped();
  const std::string read = finish();
  const std::uint64_t dropped = number_before(read, " because standard error was not read");
  EXPECT_GT(dropped, 0U);
  EXPECT_EQ(count(" of many") + dropped, kLines) << read.substr(read.size() - 200);
  std::uint64_t next = 0;
  for (std::size_t at = 0; (at = read.find("line ", at)) != std::string::npos; ++at, ++next) {
    const std::string wanted = std::to_string(next) + " ";
    ASSERT_EQ(read.substr(at + 5, wanted.size()), wanted) << "in their order";
  }
}

TEST_F(OperatorLogTest, no_line_is_lost_to_a_reader_that_reads_and_all_are_out_at_the_end) {
  std::optional<OperatorLog> log(write_end_.get());
  ASSERT_TRUE(log->start());
  std::string read;
  std::thread reader([&] {
    for (std::string some = read_some(); !some.empty(); some = read_some()) read += some;
  });
  for (int each = 0; each < 20'000; ++each) log->info("line");
  log.reset();
  write_end_.close();
  reader.join();
  EXPECT_EQ(std::ranges::count(read, '\n'), 20'000);
}

/// Its target's file.
class MovedOperatorLog : public OperatorLogTest {
 protected:
  ~MovedOperatorLog() override { ::unlink(path_.c_str()); }
  [[nodiscard]] OperatorLog::Order to_file() const {
    auto target = observe::LogTarget::open(path_);
    EXPECT_TRUE(target);
    return {.moves = true, .target = std::move(*target)};
  }
  [[nodiscard]] std::string file() const {
    std::ifstream stream(path_);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  std::string path_ = testing::TempDir() + "operator-log-" + std::to_string(::getpid());
};

TEST_F(MovedOperatorLog, writes_each_line_in_one_place_and_in_one_form_whatever_is_changed_meanwhile) {
  std::optional<OperatorLog> log(write_end_.get());
  ASSERT_TRUE(log->start());
  std::string read;
  std::thread reader([&] {
    for (std::string some = read_some(); !some.empty(); some = read_some()) read += some;
  });
  constexpr int kLines = 10'000;
  for (int each = 0; each < kLines; ++each) {
    log->info("line");
    OperatorLog::Order order = each % 200 == 0 ? to_file() : OperatorLog::Order{.moves = true};
    order.format = each % 300 == 0 ? config::LogFormat::json : config::LogFormat::text;
    if (each % 100 == 0) log->obey(std::move(order));
  }
  log.reset();
  write_end_.close();
  reader.join();
  std::istringstream stream(read + file());
  int count = 0;
  for (std::string line; std::getline(stream, line); ++count)
    EXPECT_TRUE(line.ends_with(" info: line") || (line.starts_with("{") && line.ends_with("}"))) << line;
  EXPECT_EQ(count, kLines);
  EXPECT_FALSE(file().empty());
}

TEST_F(MovedOperatorLog, leaves_a_reader_that_does_not_read) {
  ASSERT_EQ(::fcntl(write_end_.get(), F_SETPIPE_SZ, 4096), 4096);
  ASSERT_EQ(::write(write_end_.get(), std::string(4096, '\n').data(), 4096), 4096);
  OperatorLog log(write_end_.get());
  ASSERT_TRUE(log.start());
  log.info("waits");
  log.obey(to_file());
  while (file().find("info: waits") == std::string::npos) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

TEST(LineRate, lets_a_hundred_lines_through_at_once_and_then_ten_a_second) {
  LineRate rate;
  const auto allowed = [&](TimePoint now) {
    int count = 0;
    while (rate.allows(now)) ++count;
    return count;
  };
  const TimePoint start{std::chrono::hours(1)};
  EXPECT_EQ(allowed(start), 100);
  EXPECT_EQ(allowed(start + std::chrono::milliseconds(99)), 0);
  EXPECT_EQ(allowed(start + std::chrono::milliseconds(100)), 1);
  EXPECT_EQ(allowed(start + std::chrono::milliseconds(1100)), 10);
  EXPECT_EQ(allowed(start + std::chrono::hours(1)), 100) << "silence earns no more than that";
}

// O_NONBLOCK belongs to the open file description, which the parent shell shares.
TEST_F(OperatorLogTest, other_users_of_standard_error_keep_it_blocking) {
  const OperatorLog log(write_end_.get());
  EXPECT_EQ(::fcntl(write_end_.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(OperatorLogTest, a_closed_standard_error_is_no_reason_to_fail) {
  write_end_.close();
  OperatorLog log(-1);
  log.error("nobody hears this");
}

}  // namespace
}  // namespace lastbyte::proxy
