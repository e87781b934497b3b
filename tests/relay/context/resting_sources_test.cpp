#include "relay/context/resting_sources.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace lastbyte::relay {
namespace {

TimePoint after(int ms) { return TimePoint(Duration(ms)); }

net::Address source(int number) { return *net::Address::parse("10.0.0." + std::to_string(number), 0); }

TEST(RestingSources, T12_one_rests_twice_as_long_at_each_failure_and_the_others_do_not) {
  RestingSources resting;
  EXPECT_TRUE(resting.none());
  resting.failed(source(1), after(0));
  EXPECT_TRUE(resting.rests(source(1), after(9)));
  EXPECT_FALSE(resting.rests(source(1), after(10)));
  EXPECT_FALSE(resting.rests(source(2), after(0)));
  EXPECT_FALSE(resting.rests(net::Address(), after(0)));
  resting.failed(source(1), after(10));
  EXPECT_TRUE(resting.rests(source(1), after(29)));
  EXPECT_FALSE(resting.rests(source(1), after(30)));
}

TEST(RestingSources, one_that_has_recovered_begins_anew) {
  RestingSources resting;
  resting.failed(source(1), after(0));
  resting.failed(source(1), after(10));
  resting.failed(net::Address(), after(10));
  resting.recovered(source(1));
  EXPECT_FALSE(resting.rests(source(1), after(11)));
  EXPECT_TRUE(resting.rests(net::Address(), after(11)));
  resting.failed(source(1), after(20));
  EXPECT_FALSE(resting.rests(source(1), after(30)));
  resting.recovered(source(1));
  resting.recovered(net::Address());
  EXPECT_TRUE(resting.none());
}

TEST(RestingSources, T9_no_more_are_remembered_than_so_many_at_once) {
  RestingSources resting;
  const int most = static_cast<int>(RestingSources::kMost);
  for (int each = 0; each <= most; ++each) resting.failed(source(each), after(0));
  EXPECT_TRUE(resting.rests(source(most - 1), after(5)));
  EXPECT_FALSE(resting.rests(source(most), after(5)));
  resting.failed(source(most), after(10));
  EXPECT_TRUE(resting.rests(source(most), after(15))) << "the others had rested long enough to be forgotten";
}

TEST(RestingSources, an_error_is_the_sources_or_the_processs) {
  for (const int error : {EADDRNOTAVAIL, EADDRINUSE}) {
    EXPECT_TRUE(is_of_the_source(error)) << errno_name(error);
    EXPECT_FALSE(is_shortage(error)) << errno_name(error);
  }
  for (const int error : {EMFILE, ENFILE, ENOMEM, ENOBUFS, ENETUNREACH, EACCES})
    EXPECT_FALSE(is_of_the_source(error)) << errno_name(error);
}

}  // namespace
}  // namespace lastbyte::relay
