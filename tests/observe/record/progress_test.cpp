#include "observe/record/progress.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "observe/record/severity.h"
#include "observe/record/shortened.h"
#include "observe/record/text.h"
#include "tests/observe/record/endings.h"

namespace lastbyte::observe {
namespace {

relay::Record open_record() {
  relay::Record record = typical_endings().front().record;
  record.evidence = relay::ProgressRecord{.phase = relay::Phase::half_closed, .flows = {{{78, 70}, {14600, 14600}}}};
  return record;
}

relay::Record begun_record() {
  relay::Record record = typical_endings().front().record;
  record.duration = std::chrono::microseconds(0);
  record.sides[1].address = {};
  record.evidence = relay::ProgressRecord{.began = true};
  return record;
}

TEST(ProgressRecord, of_an_open_session_tells_what_it_has_done_so_far) {
  EXPECT_EQ(to_text(open_record()),
            "2026-03-04T05:06:08.293Z #1 web 192.0.2.7:51234 -> [2001:db8::2]:80 open | client received=78 sent=70 | "
            "upstream received=14600 sent=14600 | state=half_closed duration=1.205s");
  EXPECT_EQ(to_json(open_record()),
            R"({"event":"open","started":"2026-03-04T05:06:07.089Z","at":"2026-03-04T05:06:08.293Z","id":1,)"
            R"("forwarding":"web","listen":"192.0.2.1:8080","state":"half_closed","duration_us":1204512,)"
            R"("client":{"address":"192.0.2.7:51234","received":78,"sent":70},)"
            R"("upstream":{"address":"[2001:db8::2]:80","received":14600,"sent":14600}})");
}

TEST(ProgressRecord, of_a_session_that_has_begun_tells_who_came) {
  EXPECT_EQ(to_text(begun_record()),
            "2026-03-04T05:06:07.089Z #1 web 192.0.2.7:51234 -> - began | listen=192.0.2.1:8080");
  const auto parsed = nlohmann::json::parse(to_json(begun_record()));
  EXPECT_EQ(parsed["event"], "begin");
  EXPECT_EQ(parsed["at"], parsed["started"]);
  EXPECT_TRUE(parsed["upstream"]["address"].is_null());
}

TEST(ProgressRecord, is_information_and_has_no_ending) {
  EXPECT_EQ(severity(open_record()), Severity::info);
  for (const auto& [name, value] : parameters(open_record())) EXPECT_NE(name, "ending");
  EXPECT_EQ(to_text(shortened(open_record())), to_text(open_record()));
}

}  // namespace
}  // namespace lastbyte::observe
