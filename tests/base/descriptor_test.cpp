#include "base/descriptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <type_traits>
#include <utility>

namespace lastbyte {
namespace {

static_assert(!std::is_copy_constructible_v<Descriptor>);
static_assert(!std::is_copy_assignable_v<Descriptor>);
static_assert(std::is_nothrow_move_constructible_v<Descriptor>);

int some_file() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

TEST(Descriptor, is_empty_by_default) {
  const Descriptor empty;
  EXPECT_FALSE(empty);
  EXPECT_EQ(empty.get(), -1);
}

TEST(Descriptor, zero_is_a_descriptor_too) {
  Descriptor standard_input(0);
  EXPECT_TRUE(standard_input);
  EXPECT_EQ(standard_input.release(), 0);
}

TEST(Descriptor, closes_at_the_end_of_its_life) {
  const int fd = some_file();
  {
    const Descriptor owner(fd);
    EXPECT_TRUE(is_open(fd));
  }
  EXPECT_FALSE(is_open(fd));
}

TEST(Descriptor, closes_once) {
  const int fd = some_file();
  Descriptor owner(fd);
  owner.close();
  EXPECT_FALSE(owner);
  const Descriptor next(some_file());
  ASSERT_EQ(next.get(), fd) << "the lowest free number is taken";
  owner.close();
  EXPECT_TRUE(is_open(fd)) << "the number belongs to another file now";
}

TEST(Descriptor, release_gives_the_number_away_open) {
  const int fd = some_file();
  {
    Descriptor owner(fd);
    EXPECT_EQ(owner.release(), fd);
    EXPECT_FALSE(owner);
  }
  EXPECT_TRUE(is_open(fd));
  ::close(fd);
}

TEST(Descriptor, moves_leave_the_source_empty) {
  const int fd = some_file();
  Descriptor first(fd);
  const Descriptor second(std::move(first));
  EXPECT_EQ(second.get(), fd);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_TRUE(is_open(fd));
}

TEST(Descriptor, assignment_closes_what_was_held_before) {
  const int before = some_file();
  const int after = some_file();
  Descriptor owner(before);
  owner = Descriptor(after);
  EXPECT_FALSE(is_open(before));
  EXPECT_EQ(owner.get(), after);
  EXPECT_TRUE(is_open(after));
}

TEST(Descriptor, assignment_to_itself_changes_nothing) {
  const int fd = some_file();
  Descriptor owner(fd);
  Descriptor& same = owner;
  owner = std::move(same);
  EXPECT_EQ(owner.get(), fd);
  EXPECT_TRUE(is_open(fd));
}

}  // namespace
}  // namespace lastbyte
