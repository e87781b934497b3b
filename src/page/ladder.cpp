#include <algorithm>
#include <string_view>

#include "page/sequence.h"

namespace lastbyte::page {
namespace {

constexpr std::size_t kTimes = 12;
constexpr std::size_t kWidth = 88;  // without the column of times

class Ladder {
 public:
  explicit Ladder(const Sequence& sequence) : sequence_(sequence) {
    const std::size_t gaps = std::max<std::size_t>(sequence.participants.size(), 2) - 1;
    gap_ = (kWidth - 24) / gaps;
  }

  std::string draw() {
    std::string names = std::string(kTimes, ' ') + empty();
    for (std::size_t i = 0; i < sequence_.participants.size(); ++i)
      put(names, centred(sequence_.participants[i].name, column(i)), sequence_.participants[i].name);
    out_ = trimmed(names);
    for (const auto& event : sequence_.events) {
      if (const auto* arrow = std::get_if<Arrow>(&event)) {
        add(*arrow);
      } else {
        add(std::get<Note>(event));
      }
    }
    return out_;
  }

 private:
  [[nodiscard]] std::size_t column(std::size_t participant) const { return kTimes + 12 + participant * gap_; }
  [[nodiscard]] static std::size_t centred(std::string_view text, std::size_t at) {
    return at < text.size() / 2 ? 0 : at - text.size() / 2;
  }
  [[nodiscard]] static std::string empty() { return std::string(kWidth, ' '); }
  [[nodiscard]] std::string lifelines() const {
    std::string line = std::string(kTimes, ' ') + empty();
    for (std::size_t i = 0; i < sequence_.participants.size(); ++i) line[column(i)] = '|';
    return line;
  }
  static void put(std::string& line, std::size_t at, std::string_view text) {
    if (line.size() < at + text.size()) line.resize(at + text.size(), ' ');
    line.replace(at, text.size(), text);
  }
  static std::string trimmed(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
  }
  static void put_time(std::string& line, const std::string& time) {
    if (time.size() < kTimes) put(line, kTimes - 2 - std::min(time.size(), kTimes - 2), time);
  }

  void add(const Arrow& arrow) {
    std::string line = lifelines();
    put_time(line, arrow.time);
    const std::size_t left = std::min(column(arrow.from), column(arrow.to)) + 1;
    const std::size_t right = std::max(column(arrow.from), column(arrow.to)) - 1;
    const bool rightwards = column(arrow.from) < column(arrow.to);
    for (std::size_t at = left; at <= right; ++at) line[at] = arrow.kind == ArrowKind::data ? '-' : '=';
    const char head = arrow.kind == ArrowKind::reset ? 'X' : (rightwards ? '>' : '<');
    line[rightwards ? right : left] = head;
    const std::string label = " " + arrow.text + " ";
    put(line, centred(label, (left + right) / 2), label);
    out_ += trimmed(line);
  }

  void add(const Note& note) {
    std::string line = lifelines();
    put_time(line, note.time);
    // Notes of the last participant end at its lifeline, so that they fit into the width.
    const bool last = note.over + 1 == sequence_.participants.size() && note.over != 0;
    const std::size_t at = column(note.over);
    const std::string text = last ? note.text + " *" : "* " + note.text;
    put(line, last ? (at < text.size() - 1 + kTimes ? kTimes : at - (text.size() - 1)) : at, text);
    out_ += trimmed(line);
  }

  const Sequence& sequence_;
  std::size_t gap_ = 0;
  std::string out_;
};

}  // namespace

std::string ladder(const Sequence& sequence) { return Ladder(sequence).draw(); }

}  // namespace lastbyte::page
