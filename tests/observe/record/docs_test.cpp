// Compares docs/session-records.md with what the program prints.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "observe/record/datagram.h"
#include "observe/record/text.h"
#include "observe/record/tries.h"
#include "tests/observe/record/endings.h"

namespace lastbyte::observe {
namespace {

std::string documentation() {
  std::ifstream file(LASTBYTE_DOCS "/session-records.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Returns all words of an enum: asks for names until name() knows no more.
template <typename Enum>
std::vector<std::string> words() {
  std::vector<std::string> all;
  for (std::uint8_t value = 0; name(static_cast<Enum>(value)) != "?"; ++value)
    all.emplace_back(name(static_cast<Enum>(value)));
  return all;
}

template <typename Enum>
void expect_all_words_explained(const std::string& heading) {
  const std::string docs = documentation();
  const auto begin = docs.find("\n## " + heading);
  ASSERT_NE(begin, std::string::npos) << "no section " << heading;
  const std::string section = docs.substr(begin, docs.find("\n## ", begin + 4) - begin);
  for (const std::string& word : words<Enum>())
    EXPECT_NE(section.find("| `" + word + "` |"), std::string::npos) << heading << " does not explain " << word;
}

TEST(RecordDocs, every_end_of_a_side_is_explained) { expect_all_words_explained<termination::End>("How a side ended"); }
TEST(RecordDocs, every_first_event_is_explained) { expect_all_words_explained<termination::First>("What came first"); }
TEST(RecordDocs, every_limit_is_explained) { expect_all_words_explained<termination::Deadline>("Limits"); }

TEST(RecordDocs, every_end_of_a_session_of_datagrams_is_explained) {
  expect_all_words_explained<relay::DatagramEnd>("Datagrams");
}

TEST(RecordDocs, every_end_of_a_try_is_explained) { expect_all_words_explained<relay::TryEnd>("Tries"); }

TEST(RecordDocs, the_fields_of_a_try_are_explained) {
  const auto all = typical_endings();
  const auto record = nlohmann::json::parse(to_json(all.back().record));
  ASSERT_EQ(record["tries"].size(), 2U);
  EXPECT_EQ(record["member"], "second.example:80");
  EXPECT_EQ(record["tries"][0]["error"], "ECONNREFUSED");
  for (const auto& [key, value] : record["tries"][0].items())
    EXPECT_NE(documentation().find("`" + key + "`"), std::string::npos) << key;
}

TEST(RecordDocs, every_typical_ending_is_shown_as_it_is_printed) {
  const std::string docs = documentation();
  auto all = typical_endings();
  for (const Ending& ending : datagram_endings()) all.push_back(ending);
  for (const Ending& ending : all) {
    EXPECT_NE(docs.find("\n### " + ending.title + "\n"), std::string::npos) << "no heading: " << ending.title;
    EXPECT_NE(docs.find("\n    " + to_text(ending.record) + "\n"), std::string::npos)
        << ending.title << ": no line\n    " << to_text(ending.record);
  }
}

TEST(RecordDocs, a_json_line_is_shown_and_every_field_is_explained) {
  const std::string docs = documentation();
  EXPECT_NE(docs.find("\n    " + to_json(complete_record()) + "\n"), std::string::npos) << to_json(complete_record());
  const auto record = nlohmann::json::parse(to_json(complete_record()));
  for (const auto& [key, value] : record.items())
    EXPECT_NE(docs.find("| `" + key + "` |"), std::string::npos) << "no row for " << key;
  for (const auto& [key, value] : record["client"].items())
    EXPECT_NE(docs.find("| `" + key + "` |"), std::string::npos) << "no row for " << key;
}

TEST(RecordDocs, a_json_line_of_datagrams_is_shown_and_every_field_is_explained) {
  const std::string docs = documentation();
  const std::string line = to_json(datagram_endings().front().record);
  EXPECT_NE(docs.find("\n    " + line + "\n"), std::string::npos) << line;
  const auto record = nlohmann::json::parse(line);
  for (const auto& [key, value] : record.items())
    EXPECT_NE(docs.find("| `" + key + "` |"), std::string::npos) << "no row for " << key;
  for (const auto& [key, value] : record["client"].items())
    EXPECT_NE(docs.find("| `" + key + "` |"), std::string::npos) << "no row for " << key;
}

}  // namespace
}  // namespace lastbyte::observe
