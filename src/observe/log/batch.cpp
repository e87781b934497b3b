#include "observe/log/batch.h"

#include <algorithm>
#include <utility>

#include "observe/record/moment.h"
#include "observe/record/severity.h"
#include "observe/record/shortened.h"

namespace lastbyte::observe {
namespace {

/// The number is that of RFC 5612, for examples: lastbyte has none of its own, and names without a number are IANA's.
constexpr std::string_view kDataId = "session@32473";

std::string_view kind(const relay::Record& record) {
  if (record.progress() == nullptr) return "session-end";
  return record.progress()->began ? "session-begin" : "session-open";
}

void append_line(std::string& text, const relay::Record& record, RecordFormatter format, const LogTarget& target) {
  Line line{.when = ended(record), .severity = severity(record), .kind = kind(record), .text = format(record)};
  if (target.takes_data()) {
    line.data = {.id = kDataId, .parameters = parameters(record)};
    if (!target.has_room_for(line)) {
      line.text = format(shortened(record));
      line.data.parameters.emplace_back("shortened", "true");
    }
  }
  target.append(text, line);
}

}  // namespace

void Batch::add(relay::Record record, RecordFormatter format, const LogTarget& target) {
  std::string line;
  append_line(line, record, format, target);
  text_.reserve(text_.size() + line.size());
  entries_.push_back({std::move(record), text_.size() + line.size()});
  text_ += line;
}

void Batch::wrote(std::size_t bytes) {
  written_ += bytes;
  if (empty()) lose();
}

std::size_t Batch::lose() {
  const auto left = std::ranges::count_if(entries_, [this](const Entry& each) { return each.end > written_; });
  text_.clear();
  written_ = 0;
  begun_ = false;
  entries_.clear();
  return static_cast<std::size_t>(left);
}

void Batch::drop_written() {
  const auto first = std::ranges::find_if(entries_, [this](const Entry& each) { return each.end > written_; });
  entries_.erase(entries_.begin(), first);
}

void Batch::remake(RecordFormatter format, const LogTarget& target, bool goes_on) {
  const bool ends_a_line = goes_on && is_torn();
  drop_written();
  std::string text;
  std::vector<std::size_t> ends;
  ends.reserve(entries_.size());
  for (const Entry& each : entries_) {
    if (ends_a_line && ends.empty()) {
      text = text_.substr(written_, each.end - written_);
    } else {
      append_line(text, each.record, format, target);
    }
    ends.push_back(text.size());
  }
  for (std::size_t index = 0; index < ends.size(); ++index) entries_[index].end = ends[index];
  text_ = std::move(text);
  written_ = 0;
  begun_ = ends_a_line;
}

}  // namespace lastbyte::observe
