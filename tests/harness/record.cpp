#include "tests/harness/record.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace lastbyte::system_test {
namespace {

using Json = nlohmann::json;

std::string text_or_empty(const Json& value) { return value.is_null() ? std::string() : value.get<std::string>(); }

SideRecord stream_side(const Json& json) {
  SideRecord side;
  side.address = text_or_empty(json.at("address"));
  side.end = json.at("end").get<std::string>();
  side.error = text_or_empty(json.at("error"));
  side.received = json.at("received").get<std::uint64_t>();
  side.delivered = json.at("delivered").get<std::uint64_t>();
  side.undelivered = json.at("undelivered").get<std::uint64_t>();
  side.discarded = json.at("discarded").get<std::uint64_t>();
  side.rescued = json.at("rescued").get<std::uint64_t>();
  side.descriptors = json.at("descriptors").get<std::uint64_t>();
  return side;
}

Try one_try(const Json& json) {
  return {.member = json.at("member").get<std::string>(),
          .address = text_or_empty(json.at("address")),
          .end = json.at("end").get<std::string>(),
          .error = text_or_empty(json.at("error")),
          .began_us = json.at("began_us").get<std::int64_t>(),
          .took_us = json.at("took_us").get<std::int64_t>()};
}

Record stream_record(const std::string& line) {
  const Json json = Json::parse(line);
  Record record;
  record.line = line;
  record.id = json.at("id").get<std::uint64_t>();
  record.forwarding = text_or_empty(json.at("forwarding"));
  record.listen = text_or_empty(json.at("listen"));
  record.complete = json.at("complete").get<bool>();
  record.summary = json.at("summary").get<std::string>();
  record.first = json.at("first").get<std::string>();
  record.first_side = text_or_empty(json.at("first_side"));
  record.limit = json.at("limit").get<std::string>();
  record.retries = json.at("retries").get<std::uint64_t>();
  record.duration_us = json.at("duration_us").get<std::int64_t>();
  if (!json.at("connect_us").is_null()) record.connect_us = json.at("connect_us").get<std::int64_t>();
  record.via = text_or_empty(json.at("via"));
  record.proxy_header = text_or_empty(json.at("proxy_header"));
  record.unique_id = text_or_empty(json.at("unique_id"));
  record.authority = text_or_empty(json.at("authority"));
  record.rejected = text_or_empty(json.at("rejected"));
  record.abandoned = text_or_empty(json.at("abandoned"));
  record.group = text_or_empty(json.at("group"));
  record.member = text_or_empty(json.at("member"));
  for (const Json& each : json.at("tries")) record.tries.push_back(one_try(each));
  record.client = stream_side(json.at("client"));
  record.upstream = stream_side(json.at("upstream"));
  return record;
}

void expect_sums_agree(const SideRecord& side, const std::string& line) {
  EXPECT_EQ(side.received, side.delivered + side.undelivered) << "T11: " << line;
  EXPECT_LE(side.discarded, side.undelivered) << "T11: " << line;
  EXPECT_LE(side.rescued, side.delivered) << "T11: " << line;
}

}  // namespace

Result<Record> parse_record(const std::string& line) {
  try {
    return stream_record(line);
  } catch (const Json::exception& wrong) {
    return failure("read the record " + line, 0, wrong.what());
  }
}

std::string messages_as_text(const std::string& written) {
  // An object that is still being written would become shorter when it is whole; what was told never does.
  const std::size_t last = written.rfind('\n') + 1;
  const std::string lines = written.substr(last).starts_with('{') ? written.substr(0, last) : written;
  if (lines.find(R"({"event":"message")") == std::string::npos) return lines;
  std::string out;
  std::istringstream all(lines);
  for (std::string line; std::getline(all, line);) {
    const Json json = Json::parse(line, nullptr, false);
    if (json.is_object() && json.value("event", "") == "message") {
      const std::string place = text_or_empty(json.at("place"));
      line = json.at("time").get<std::string>() + " " + json.at("level").get<std::string>() + ": " +
             (place.empty() ? "" : place + ": ") + json.at("message").get<std::string>();
    }
    out += line + (all.eof() ? "" : "\n");
  }
  return out;
}

std::vector<Record> parse_records(const std::string& text) {
  std::vector<Record> records;
  std::istringstream lines(text.substr(0, text.rfind('\n') + 1));
  for (std::string line; std::getline(lines, line);) {
    auto record = parse_record(line);
    if (!record) {
      ADD_FAILURE() << record.error().text();
      continue;
    }
    for (const SideRecord* each : {&record->client, &record->upstream}) expect_sums_agree(*each, line);
    records.push_back(std::move(*record));
  }
  return records;
}

}  // namespace lastbyte::system_test
