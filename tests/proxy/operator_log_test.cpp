#include "proxy/operator_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <regex>
#include <string>

#include "base/descriptor.h"

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

// With a hang, the test program's time limit ends this.
TEST_F(OperatorLogTest, a_reader_that_does_not_read_holds_nobody_up) {
  ASSERT_EQ(::fcntl(write_end_.get(), F_SETPIPE_SZ, 4096), 4096);
  OperatorLog log(write_end_.get());
  const std::string message(1000, 'x');
  for (int each = 0; each < 8; ++each) log.info(message);
  std::string line = read_some();
  EXPECT_EQ(line.size() % (line.find('\n') + 1), 0U) << "only whole lines";
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
