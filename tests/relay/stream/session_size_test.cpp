// What a session costs that does nothing (T9).
#include <gtest/gtest.h>

#include "relay/stream/session.h"

namespace lastbyte::relay {
namespace {

/// glibc's malloc adds 8 bytes and rounds up to 16. Beside its own object an idle session without a group holds nothing
/// on the heap.
constexpr std::size_t allocated(std::size_t size) { return (size + 8 + 15) / 16 * 16; }

TEST(SessionSize, T9_an_idle_session_is_below_700_bytes) { EXPECT_LT(allocated(sizeof(Session)), 700U); }

}  // namespace
}  // namespace lastbyte::relay
