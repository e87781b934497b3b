// XXH64 of a stream.
#include "base/checksum.h"

#include <gtest/gtest.h>

#include <string_view>

namespace lastbyte {
namespace {

TEST(Checksum, is_xxh64_as_xxhsum_prints_it) {
  Checksum checksum;
  EXPECT_EQ(checksum.text(), "ef46db3751d8e999");
  checksum.add(std::string_view("hel"));
  checksum.add(std::string_view("lo"));
  EXPECT_EQ(checksum.text(), "26c7827d889f6da3");
}

TEST(Checksum, depends_on_the_bytes_and_not_on_the_cuts) {
  const std::string_view bytes = "as many bytes as one likes, cut anywhere";
  Checksum whole;
  whole.add(bytes);
  Checksum parts;
  parts.add(bytes.substr(0, 7));
  parts.add(bytes.substr(7));
  Checksum shorter;
  shorter.add(bytes.substr(1));
  EXPECT_EQ(whole.value(), parts.value());
  EXPECT_NE(whole.value(), shorter.value());
}

}  // namespace
}  // namespace lastbyte
