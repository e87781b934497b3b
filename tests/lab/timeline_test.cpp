// Tests the comments on packets of a capture.
#include "lab/stage/timeline.h"

#include <gtest/gtest.h>

namespace lastbyte::lab {
namespace {

wire::Moment at_us(int us) { return wire::Moment{std::chrono::seconds(1'700'000'000) + std::chrono::microseconds(us)}; }

Event call(int us, Who who, const std::string& text) { return {.at = at_us(us), .who = who, .text = text}; }

Event reason(int us, Who who, const std::string& name) {
  return event_of({.kind = kernel::EventKind::reset_sent, .reason = name}, who, at_us(us));
}

Scene scene_of(std::vector<Event> events, const std::vector<int>& packets) {
  Scene scene{.name = "a scene", .events = std::move(events)};
  for (const int us : packets) scene.packets.push_back({.packet = {.at = at_us(us), .bytes = {}}});
  return scene;
}

TEST(TimeLine, a_call_stands_beside_the_packet_that_follows_it) {
  Scene scene = scene_of({call(1, Who::client, "connect() = 0"), call(3, Who::server, "close() = 0")}, {2, 4});
  comment_on(scene, {});
  EXPECT_EQ(scene.packets[0].comment, "[a scene] client connect() = 0");
  EXPECT_EQ(scene.packets[1].comment, "server close() = 0");
}

TEST(TimeLine, what_follows_the_last_packet_stands_beside_that) {
  Scene scene = scene_of({call(9, Who::client, "recv(100) = 0")}, {2, 4});
  comment_on(scene, {});
  EXPECT_EQ(scene.packets[0].comment, "[a scene]");
  EXPECT_EQ(scene.packets[1].comment, "client recv(100) = 0");
}

TEST(TimeLine, a_reason_stands_beside_the_reset_of_its_host_that_is_nearest_before_or_behind) {
  Scene scene =
      scene_of({reason(5, Who::server, "TCP_ABORT_ON_CLOSE"), reason(18, Who::client, "TCP_STATE")}, {2, 4, 7, 20, 21});
  comment_on(scene, {{1, Who::server}, {2, Who::client}, {3, Who::client}, {4, Who::server}});
  EXPECT_EQ(scene.packets[1].comment, "server kernel sends RST: TCP_ABORT_ON_CLOSE");
  EXPECT_EQ(scene.packets[3].comment, "client kernel sends RST: TCP_STATE");
}

TEST(TimeLine, states_of_a_handshake_are_details_and_those_of_an_ending_are_not) {
  const auto change = [](std::uint8_t before, std::uint8_t after) {
    return event_of({.kind = kernel::EventKind::state_changed, .state = before, .new_state = after}, Who::client,
                    at_us(0));
  };
  const std::uint8_t established = kernel::state_number("ESTABLISHED");
  EXPECT_TRUE(change(kernel::state_number("SYN_SENT"), established).detail);
  const Event ending = change(established, kernel::state_number("FIN_WAIT1"));
  EXPECT_FALSE(ending.detail);
  EXPECT_EQ(ending.text, "kernel: ESTABLISHED -> FIN_WAIT1");
}

TEST(TimeLine, a_scene_without_packets_has_no_comments) {
  Scene scene = scene_of({call(1, Who::client, "send(1) = 1")}, {});
  comment_on(scene, {});
  EXPECT_TRUE(scene.packets.empty());
}

}  // namespace
}  // namespace lastbyte::lab
