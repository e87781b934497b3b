#include "observe/log/target.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/file_rights.h"

namespace lastbyte::observe {
namespace {

struct Ends {
  Descriptor reader;
  Descriptor writer;
};

Ends pipe_ends() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

Ends socket_ends() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

std::string read_some(const Descriptor& reader) {
  std::string all(1 << 20, '\0');
  const ssize_t count = ::read(reader.get(), all.data(), all.size());
  all.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return all;
}

std::string many_lines() {
  std::string lines;
  for (int each = 0; each < 50000; ++each) lines += "line " + std::to_string(each) + "\n";
  return lines;
}

// Journald's end of standard error is such a socket, and cannot be opened anew.
TEST(LogTarget, a_full_pipe_or_socket_takes_whole_lines_and_then_says_eagain) {
  for (const Ends& ends : {pipe_ends(), socket_ends()}) {
    auto target = LogTarget::share(ends.writer.get(), "test");
    ASSERT_TRUE(target) << target.error().text();
    // Makes the remaining room no multiple of the size of a write.
    const std::string first = std::string(100, '-') + "\n";
    ASSERT_EQ(target->write(first).bytes, first.size());
    const std::string lines = many_lines();
    const auto done = target->write(lines);
    EXPECT_EQ(done.error, EAGAIN);
    ASSERT_GT(done.bytes, 0U);
    ASSERT_LT(done.bytes, lines.size());
    EXPECT_EQ(lines[done.bytes - 1], '\n') << "no line is split";
    std::string read;
    while (read.size() < first.size() + done.bytes) read += read_some(ends.reader);
    EXPECT_EQ(read, first + lines.substr(0, done.bytes));
  }
}

TEST(LogTarget, other_users_of_a_shared_pipe_or_socket_keep_it_blocking) {
  for (const Ends& ends : {pipe_ends(), socket_ends()}) {
    const auto target = LogTarget::share(ends.writer.get(), "test");
    ASSERT_TRUE(target) << target.error().text();
    EXPECT_EQ(::fcntl(ends.writer.get(), F_GETFL) & O_NONBLOCK, 0);
  }
}

// A pipe of another user cannot be opened anew. Both writers find room for one: with a blocking write the other one
// would wait until the time limit ends this test.
TEST(LogTarget, of_two_writers_to_one_free_page_the_second_does_not_wait) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can have a descriptor that it may not open anew";
  const Ends ends = pipe_ends();
  ASSERT_EQ(::fcntl(ends.writer.get(), F_SETPIPE_SZ, 4096), 4096);
  const FileRights nobody{65534, 65534, {65534}};
  std::vector<LogTarget> targets;
  ASSERT_TRUE(with_rights_of(nobody, [&]() -> Result<void> {
    while (targets.size() < 2) {
      auto target = LogTarget::share(ends.writer.get(), "test");
      if (!target) return Failure(target.error());
      targets.push_back(std::move(*target));
    }
    return {};
  }));
  ASSERT_EQ(::fcntl(targets.front().fd(), F_GETFL) & O_NONBLOCK, 0);
  const std::string line = std::string(3000, '-') + "\n";
  for (int round = 0; round < 2000; ++round) {
    std::barrier together(2);
    std::array<int, 2> errors{};
    const auto write = [&](std::size_t which) {
      together.arrive_and_wait();
      errors[which] = targets[which].write(line).error;
    };
    std::thread other(write, 0);
    write(1);
    other.join();
    EXPECT_EQ(errors[0] + errors[1], EAGAIN);
    ASSERT_EQ(read_some(ends.reader), line);
  }
}

// A shell's "2>file" gives a descriptor without O_APPEND: all writers must share one offset, or they overwrite each
// other.
TEST(LogTarget, a_shared_file_without_append_is_written_after_what_others_wrote) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  ASSERT_TRUE(file);
  const int fd = ::fileno(file.get());
  auto target = LogTarget::share(fd, "test");
  ASSERT_TRUE(target) << target.error().text();
  ASSERT_EQ(::write(fd, "one\n", 4), 4);
  EXPECT_EQ(target->write("two\n").error, 0);
  ASSERT_EQ(::write(fd, "three\n", 6), 6);
  std::array<char, 64> content{};
  const ssize_t count = ::pread(fd, content.data(), content.size(), 0);
  EXPECT_EQ(std::string(content.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))), "one\ntwo\nthree\n");
}

TEST(LogTarget, what_is_not_open_cannot_be_shared) {
  const auto target = LogTarget::share(-1, "standard error");
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().code, EBADF);
}

TEST(LogTarget, a_directory_is_no_log) {
  const auto target = LogTarget::open("/tmp");
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().code, EISDIR);
}

TEST(LogTargetOfAPath, that_cannot_be_opened_is_an_error_that_names_it) {
  const auto target = LogTarget::open("/no/such/place");
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().code, ENOENT);
  EXPECT_NE(target.error().text().find("/no/such/place"), std::string::npos);
}

}  // namespace
}  // namespace lastbyte::observe
