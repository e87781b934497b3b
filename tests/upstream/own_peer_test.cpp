// T3: which connections are asked whether they were made to themselves.
#include "upstream/own_peer.h"

#include <gtest/gtest.h>

namespace lastbyte::upstream {
namespace {

constexpr TimePoint kNow{std::chrono::hours(1)};

TEST(OwnPeerWatch, T3TheFirstConnectionIsSuspect) { EXPECT_TRUE(OwnPeerWatch().suspects(kNow)); }

TEST(OwnPeerWatch, T3OthersAreTrustedForAWhileOnceOneWasToSomebody) {
  OwnPeerWatch watch;
  watch.is_somebody(kNow);
  EXPECT_FALSE(watch.suspects(kNow));
  EXPECT_FALSE(watch.suspects(kNow + OwnPeerWatch::kTrusted - Duration{1}));
  EXPECT_TRUE(watch.suspects(kNow + OwnPeerWatch::kTrusted));
}

TEST(OwnPeerWatch, T3ARefusalMakesTheNextSuspectAtOnce) {
  OwnPeerWatch watch;
  watch.is_somebody(kNow);
  watch.was_refused();
  EXPECT_TRUE(watch.suspects(kNow));
  watch.is_somebody(kNow);
  EXPECT_FALSE(watch.suspects(kNow));
}

}  // namespace
}  // namespace lastbyte::upstream
