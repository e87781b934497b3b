#include "peers/script.h"

#include <gtest/gtest.h>

namespace lastbyte::peers {
namespace {

/// Returns the script as printed, or the error.
std::string again(std::string_view text) {
  const auto script = parse_script(text);
  return script ? print(*script) : script.error().text();
}

TEST(Script, every_verb_is_read_and_printed) {
  const std::string all =
      "window 4K; send-buffer 8K; send 32K; send 1M by 4K every 10ms; send 1 urgent; send 9 by 3 urgent; flood by 1 | "
      "read by 100; fill 3M 50ms; recv 5 "
      "every 2s; "
      "await go; await go 12; repeat 3 (send 1; recv 1); expect quiet 50ms; flush; signal done; shutdown; expect fin; "
      "sleep 1s; close; sleep 5ms; signal gone";
  EXPECT_EQ(again(all), all);
  EXPECT_EQ(again("expect reset; expect error; reset"), "expect reset; expect error; reset");
  EXPECT_EQ(again("vanish; close-unread"), "vanish; close-unread");
  EXPECT_EQ(again(""), "");
}

TEST(Script, blanks_do_not_matter) {
  EXPECT_EQ(again(" send 1024 ;;\n flood|read\n;repeat 2(send 1);"), "send 1K; flood | read; repeat 2 (send 1)");
}

TEST(Script, is_data) {
  const auto script = parse_script("send 32K; shutdown");
  ASSERT_TRUE(script);
  EXPECT_EQ(
      *script,
      (Script{.window = {}, .send_buffer = {}, .steps = {Together{{Send{32 * 1024, {}}}}, Together{{Shutdown{}}}}}));
}

TEST(Script, errors_name_the_word_the_column_and_what_was_expected) {
  EXPECT_EQ(again("send 1; expekt fin").substr(0, 63),
            "script, column 9: 'expekt': there is no such verb here; expecte");
  EXPECT_EQ(again("send"), "script, column 5: the end: expected a size from 1, like 100, 32K or 20M");
  EXPECT_EQ(again("send 0"), "script, column 6: '0': expected a size from 1, like 100, 32K or 20M");
  EXPECT_EQ(again("send 9999999999G"), "script, column 6: '9999999999G': expected a size from 1, like 100, 32K or 20M");
  EXPECT_EQ(again("sleep 5"), "script, column 7: '5': expected a time with its unit, like 5ms or 2s");
  EXPECT_EQ(again("expect nothing"), "script, column 8: 'nothing': expected fin, reset, error or quiet");
  EXPECT_EQ(again("signal; close"), "script, column 7: ';': expected a name");
  EXPECT_EQ(again("shutdown close"), "script, column 10: 'close': expected ; | or the end");
  EXPECT_EQ(again("repeat 2 send 1"), "script, column 10: 'send': expected ( after repeat and its number");
  EXPECT_EQ(again("repeat 2 (send 1"), "script, column 10: '(': it is not closed; expected )");
  EXPECT_EQ(again("send 1)"), "script, column 7: ')': it closes nothing; expected ; or the end");
}

TEST(Script, errors_in_numbers_name_their_bounds) {
  const std::string a_size = "expected a size from 1, like 100, 32K or 20M";
  const std::string a_time = "expected a time with its unit, like 5ms or 2s";
  const std::string a_number = "expected a number from 1";
  EXPECT_EQ(again("recv 1T"), "script, column 6: '1T': " + a_size);
  EXPECT_EQ(again("send -1"), "script, column 6: '-1': " + a_size);
  EXPECT_EQ(again("send 1 by 0"), "script, column 11: '0': " + a_size);
  EXPECT_EQ(again("send 1 by"), "script, column 10: the end: " + a_size);
  EXPECT_EQ(again("window"), "script, column 7: the end: " + a_size);
  EXPECT_EQ(again("window 4G"), "script, column 8: '4G': " + a_size);
  EXPECT_EQ(again("read every 5"), "script, column 12: '5': " + a_time);
  EXPECT_EQ(again("expect quiet"), "script, column 13: the end: " + a_time);
  EXPECT_EQ(again("sleep 1000000000s"), "script, column 7: '1000000000s': " + a_time);
  EXPECT_EQ(again("fill 5"), "script, column 7: the end: " + a_time);
  EXPECT_EQ(again("fill 5ms 1s"), "script, column 6: '5ms': " + a_size);
  EXPECT_EQ(again("await go 0"), "script, column 10: '0': " + a_number);
  EXPECT_EQ(again("await go 5000000000"), "script, column 10: '5000000000': " + a_number);
  EXPECT_EQ(again("repeat (send 1)"), "script, column 8: '(': " + a_number);
  EXPECT_EQ(again("repeat 2K (send 1)"), "script, column 8: '2K': " + a_number);
}

TEST(Script, errors_in_structure_name_the_place) {
  EXPECT_EQ(again("expect"), "script, column 7: the end: expected fin, reset, error or quiet");
  EXPECT_EQ(again(") send 1"), "script, column 1: ')': it closes nothing; expected ; or the end");
  EXPECT_EQ(again("repeat 2 (send 1) send 1"), "script, column 19: 'send': expected ; | or the end");
  EXPECT_EQ(again("sleep 1s every 5ms"), "script, column 10: 'every': expected ; | or the end");
  EXPECT_EQ(again("recv 1 urgent"), "script, column 8: 'urgent': expected ; | or the end");
  EXPECT_EQ(again("send 9 urgent by 3"), "script, column 15: 'by': expected ; | or the end");
  EXPECT_EQ(again("flush 5"), "script, column 7: '5': expected ; | or the end");
  EXPECT_EQ(again("send 1 by 2 by 3"), "script, column 13: 'by': it is given twice; expected once");
  EXPECT_EQ(again("read every 1ms every 2ms"), "script, column 16: 'every': it is given twice; expected once");
  // Columns continue after a line end: a script is one text.
  EXPECT_EQ(again("send 1\n; bogus").substr(0, 28), "script, column 10: 'bogus': ");
  for (const char* text : {"| send 1", "send 1 |", "send 1 | ; read", "flood | repeat 2 (send 1)"})
    EXPECT_NE(again(text).find("expected one of send, flood"), std::string::npos) << again(text);
}

TEST(Script, buffers_come_first) {
  EXPECT_EQ(again("send 1; window 4K").substr(0, 55), "script, column 9: 'window': there is no such verb here;");
  EXPECT_EQ(again("window 1K; window 2K"), "script, column 12: 'window': it is given twice; expected once");
}

TEST(Script, a_closed_socket_is_not_used) {
  EXPECT_EQ(again("close; send 1"),
            "script, column 8: 'send': the socket is closed by then; expected signal, await, sleep or the end");
  EXPECT_EQ(again("repeat 2 (reset)"),
            "script, column 11: 'reset': a socket can be closed once; expected it outside repeat");
  EXPECT_EQ(again("repeat 2 (repeat 2 (close))"),
            "script, column 21: 'close': a socket can be closed once; expected it outside repeat");
  EXPECT_EQ(again("close; close").substr(0, 26), "script, column 8: 'close':");
  EXPECT_EQ(again("close | read").substr(0, 26), "script, column 1: 'close':");
  EXPECT_EQ(again("read | close"),
            "script, column 8: 'close': nothing can be joined to it; expected a step of its own");
}

}  // namespace
}  // namespace lastbyte::peers
