#include "probe/checks/agent.h"

#include <gtest/gtest.h>

namespace lastbyte::probe::checks {
namespace {

using Order = AgentLine::Order;

TEST(AgentLine, words_are_those_of_haproxy) {
  EXPECT_EQ(read_agent_line("up\n"), (AgentLine{.up = true}));
  EXPECT_EQ(read_agent_line("down # disk full\nup"), (AgentLine{.up = false, .reason = " disk full"}));
  EXPECT_EQ(read_agent_line("failed"), (AgentLine{.up = false}));
  EXPECT_EQ(read_agent_line("stopped\r\n"), (AgentLine{.up = false}));
  EXPECT_EQ(read_agent_line("drain"), (AgentLine{.order = Order::drain}));
  EXPECT_EQ(read_agent_line("MAINT"), (AgentLine{.order = Order::maint}));
  EXPECT_EQ(read_agent_line("ready,up\t75%"), (AgentLine{.up = true, .order = Order::ready, .weight_percent = 75}));
  EXPECT_EQ(read_agent_line("maxconn:30 up"), (AgentLine{.up = true}));
}

TEST(AgentLine, what_is_no_word_says_nothing) {
  for (const char* text : {"", "\n", " , ", "hello", "%", "x%", "-1%", "99999999999%", "maxconn:x", "#up"}) {
    EXPECT_FALSE(read_agent_line(text).says_something()) << text;
  }
  EXPECT_EQ(read_agent_line("hello up").unknown, "hello");
  EXPECT_EQ(read_agent_line("hello up").up, true);
}

}  // namespace
}  // namespace lastbyte::probe::checks
