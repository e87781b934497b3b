#include "admin/client/place.h"

#include <gtest/gtest.h>

namespace lastbyte::admin {
namespace {

TEST(Place, the_name_of_a_socket_tells_its_process_and_no_other_name_does) {
  EXPECT_EQ(socket_name(4711), "admin-4711.sock");
  EXPECT_EQ(pid_of_socket(socket_name(4711)), 4711);
  for (const char* other : {"admin-.sock", "admin-x.sock", "admin-12x.sock", "admin--1.sock", "admin-0.sock",
                            "admin-99999999999.sock", "admin-12", "other-12.sock", ".sock", ""})
    EXPECT_FALSE(pid_of_socket(other)) << other;
}

}  // namespace
}  // namespace lastbyte::admin
