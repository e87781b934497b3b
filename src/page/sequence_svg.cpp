#include "page/html.h"
#include "page/sequence.h"

namespace lastbyte::page {
namespace {

constexpr int kTimeWidth = 90;
constexpr int kGap = 520;
constexpr int kSide = 150;
constexpr int kRow = 26;
constexpr int kTop = 40;

std::string number(int value) { return std::to_string(value); }

int column_of(std::size_t participant) { return kTimeWidth + kSide + static_cast<int>(participant) * kGap; }

std::string words(int x, int y, const char* anchor, const std::string& more, const std::string& text) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + anchor + "\"" + more + ">" +
         escaped(text) + "</text>\n";
}

std::string line(int x1, int y1, int x2, int y2, const std::string& more) {
  return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" + number(y2) +
         "\"" + more + "/>\n";
}

const char* ink(ArrowKind kind) {
  switch (kind) {
    case ArrowKind::data: return "#1f5fa8";
    case ArrowKind::end: return "#2c7a3f";
    case ArrowKind::reset: return "#b3261e";
  }
  return "#000";
}

std::string drawn(const Arrow& arrow, int y) {
  const int from = column_of(arrow.from);
  const int to = column_of(arrow.to);
  const int back = from < to ? -8 : 8;
  const std::string stroke = std::string(" stroke=\"") + ink(arrow.kind) + "\" stroke-width=\"1.5\"";
  std::string out = line(from, y, to, y, stroke);
  if (arrow.kind == ArrowKind::reset) {
    out += line(to + back, y - 5, to, y + 5, stroke) + line(to + back, y + 5, to, y - 5, stroke);
  } else {
    out += line(to + back, y - 4, to, y, stroke) + line(to + back, y + 4, to, y, stroke);
  }
  return out + words((from + to) / 2, y - 4, "middle", std::string(" fill=\"") + ink(arrow.kind) + "\"", arrow.text);
}

std::string drawn(const Note& note, int y, bool last) {
  return words(column_of(note.over) + (last ? -8 : 8), y, last ? "end" : "start", "", note.text);
}

}  // namespace

std::string svg(const Sequence& sequence) {
  const std::size_t count = sequence.participants.size();
  const int width = column_of(count == 0 ? 0 : count - 1) + kSide;
  const int height = kTop + kRow * (static_cast<int>(sequence.events.size()) + 1);
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(width) + " " + number(height) +
                    "\" width=\"" + number(width) + "\" height=\"" + number(height) +
                    "\" font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"#1a1a1a\">\n" +
                    "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
  for (std::size_t i = 0; i < count; ++i) {
    out += words(column_of(i), 20, "middle", " font-weight=\"600\"", sequence.participants[i].name);
    out += line(column_of(i), 28, column_of(i), height - 8, " stroke=\"#999\"");
  }
  int y = kTop + kRow / 2;
  for (const auto& event : sequence.events) {
    const auto* arrow = std::get_if<Arrow>(&event);
    const auto* note = std::get_if<Note>(&event);
    const std::string& time = arrow != nullptr ? arrow->time : note->time;
    if (!time.empty()) out += words(kTimeWidth - 10, y, "end", " fill=\"#777\" font-size=\"11\"", time);
    out += arrow != nullptr ? drawn(*arrow, y) : drawn(*note, y, note->over + 1 == count && note->over != 0);
    y += kRow;
  }
  return out + "</svg>\n";
}

}  // namespace lastbyte::page
