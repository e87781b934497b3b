#include "console/top/layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace lastbyte::console {
namespace {

// The lines above the sessions: title, rates, endings, order, the table's heading. Below: a message or the keys.
constexpr std::size_t kAbove = 5;
constexpr std::size_t kBelow = 1;
/// A screen with fewer lines shows no rates and endings.
constexpr std::size_t kShort = 8;

struct Column {
  std::string_view title;
  std::size_t least;  ///< columns
  std::size_t most;   ///< columns, if there is room
  Align align;
  std::string (*cell)(const SessionRow& row);
};

std::string dash_or_span(const std::optional<std::int64_t>& time) { return time ? span(*time) : "-"; }

std::string rate_cell(const SessionRow& row, std::size_t side) { return row.rate ? bytes((*row.rate)[side]) : "-"; }

std::string deadline_cell(const SessionRow& row) {
  const SessionReading& session = row.session;
  return session.fires_in_us ? session.deadline + " in " + span(*session.fires_in_us) : session.deadline;
}

enum class Field : std::uint8_t {
  id,
  state,
  age,
  idle,
  half_close,
  to_upstream,
  to_client,
  unacknowledged,
  forwarding,
  client,
  upstream,
  deadline
};

/// In the order of the screen.
constexpr std::array<Column, 12> kColumns{{
    {"ID", 5, 7, Align::right, [](const SessionRow& row) { return std::to_string(row.session.id); }},
    {"STATE", 11, 11, Align::left, [](const SessionRow& row) { return row.session.state; }},
    {"AGE", 5, 5, Align::right, [](const SessionRow& row) { return span(row.session.age_us); }},
    {"IDLE", 5, 5, Align::right, [](const SessionRow& row) { return span(row.session.idle_us); }},
    {"HALF", 5, 5, Align::right, [](const SessionRow& row) { return dash_or_span(row.session.half_close_age_us); }},
    {"->B/s", 6, 6, Align::right, [](const SessionRow& row) { return rate_cell(row, 0); }},
    {"<-B/s", 6, 6, Align::right, [](const SessionRow& row) { return rate_cell(row, 1); }},
    {"UNACK", 6, 6, Align::right,
     [](const SessionRow& row) { return bytes(static_cast<double>(row.session.unacknowledged)); }},
    {"FORWARDING", 10, 20, Align::left, [](const SessionRow& row) { return row.session.forwarding; }},
    {"CLIENT", 18, 47, Align::left, [](const SessionRow& row) { return row.session.client; }},
    {"UPSTREAM", 18, 47, Align::left, [](const SessionRow& row) { return row.session.upstream; }},
    {"DEADLINE", 16, 22, Align::left, deadline_cell},
}};

constexpr const Column& column(Field field) { return kColumns[static_cast<std::size_t>(field)]; }

Field field_of(SortKey key) {
  switch (key) {
    case SortKey::rate: return Field::to_upstream;
    case SortKey::half_close: return Field::half_close;
    case SortKey::unacknowledged: return Field::unacknowledged;
    case SortKey::lingering: return Field::half_close;
    case SortKey::age: return Field::age;
    case SortKey::idle: return Field::idle;
    case SortKey::id: return Field::id;
  }
  return Field::id;
}

struct Placed {
  Field field;
  std::size_t width;
};

/// Chooses the columns that fit, the most important first: the session's number, the column that sorts, then the
/// addresses.
std::vector<Placed> placed(const View& view, std::size_t width) {
  const SortKey sort = view.sort();
  std::uint64_t highest = 0;
  for (const SessionRow* row : view.visible()) highest = std::max(highest, row->session.id);
  const auto least = [digits = std::to_string(highest).size()](Field field) {
    // the number is never cut off
    return field == Field::id ? std::max(digits, column(field).least) : column(field).least;
  };

  std::vector<Field> wanted{Field::id, field_of(sort), Field::client};
  if (sort == SortKey::rate) wanted.push_back(Field::to_client);
  for (const Field each : {Field::state, Field::upstream, Field::to_upstream, Field::to_client, Field::unacknowledged,
                           Field::half_close, Field::age, Field::forwarding, Field::deadline, Field::idle})
    wanted.push_back(each);
  std::vector<Placed> all;
  std::size_t used = 0;
  for (const Field each : wanted) {
    if (std::ranges::find(all, each, &Placed::field) != all.end()) continue;
    const std::size_t more = least(each) + (all.empty() ? 0 : 1);
    if (!all.empty() && used + more > width) continue;
    all.push_back({each, least(each)});
    used += more;
  }
  std::ranges::sort(all, {}, &Placed::field);
  // Gives the remaining width evenly to the columns that can use it.
  for (bool grows = true; grows && used < width;) {
    grows = false;
    for (Placed& each : all) {
      if (each.width >= column(each.field).most || used >= width) continue;
      ++each.width;
      ++used;
      grows = true;
    }
  }
  return all;
}

template <typename Text>
std::string row_text(const std::vector<Placed>& columns, const Text& text) {
  std::string line;
  for (const Placed& each : columns)
    line += (line.empty() ? "" : " ") + fitted(text(column(each.field)), each.width, column(each.field).align);
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

/// Joins the parts that fit into a line, the first ones first.
std::string line_of(const std::vector<std::string>& parts, std::size_t width, std::string_view between = "  ") {
  std::string line;
  for (const std::string& each : parts) {
    if (each.empty()) continue;
    const std::size_t gap = line.empty() ? 0 : between.size();
    if (!line.empty() && columns_of(line) + gap + columns_of(each) > width) continue;
    line += (line.empty() ? "" : std::string(between)) + each;
  }
  return line;
}

std::string per_second(double rate) { return rate < 9.95 ? fmt::format("{:.1f}", rate) : fmt::format("{:.0f}", rate); }

std::string title(const View& view, std::size_t width, const std::string& now) {
  if (!view.status()) return line_of({"lastbyte top", now}, width);
  const StatusReading& status = *view.status();
  const std::string ready = status.ready ? "ready" : "not ready: " + status.reason;
  return line_of({"lastbyte " + status.version, counted(status.open, "session"), ready, "up " + span(status.uptime_us),
                  fmt::format("pid {}", status.pid), now},
                 width);
}

std::string rates_line(const View& view, std::size_t width) {
  if (!view.rates()) return line_of({view.status() ? "rates: measuring" : ""}, width);
  const Rates& rates = *view.rates();
  const std::string whole =
      fmt::format("begun {}/s  ended {}/s  from clients {}B/s  from upstreams {}B/s", per_second(rates.begun),
                  per_second(rates.ended), bytes(rates.bytes[0]), bytes(rates.bytes[1]));
  if (columns_of(whole) <= width) return whole;
  return fmt::format("/s begun {} ended {} -> {} <- {}", per_second(rates.begun), per_second(rates.ended),
                     bytes(rates.bytes[0]), bytes(rates.bytes[1]));
}

std::string endings_line(const View& view, std::size_t width) {
  if (!view.rates()) return {};
  std::vector<std::string> parts{"endings/s"};
  for (const auto& [ending, rate] : view.rates()->endings) parts.push_back(ending + " " + per_second(rate));
  if (parts.size() == 1) parts.emplace_back("none");
  return line_of(parts, width);
}

std::string order_line(const View& view, std::size_t width, std::size_t first, std::size_t shown_lines) {
  const std::size_t visible = view.visible().size();
  std::string range = fmt::format("{}-{} of {}", visible == 0 ? 0 : first + 1, first + shown_lines, visible);
  if (view.matched() > view.taken()) range += fmt::format(" (of {}: the oldest {})", view.matched(), view.taken());
  return line_of({"sort " + std::string(word_of(view.sort()).word) + (view.reversed() ? " (reversed)" : ""), range,
                  view.filter_text().empty() ? "" : "filter " + view.filter_text(), view.paused() ? "PAUSED" : ""},
                 width);
}

Line bottom(const View& view, std::size_t width) {
  if (view.mode() == View::Mode::confirm) return {view.question(), Style::alert};
  if (view.mode() == View::Mode::filter) {
    // Cuts the typed text at its beginning, so that its end stays visible.
    std::string text = view.filter_text();
    while (columns_of(text) + 10 > width && !text.empty()) {
      text.erase(0, 1);
      while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xc0U) == 0x80U) text.erase(0, 1);
    }
    return {"filter: " + text + "_", Style::alert};
  }
  if (!view.why_lost().empty()) return {view.why_lost(), Style::alert};
  if (!view.message().empty()) return {view.message(), view.message_is_error() ? Style::alert : Style::plain};
  return {line_of({"? help", "q quit", "/ filter", "x reset", "c close", "sort: r h u l a i n", "R reverse", "p pause"},
                  width),
          Style::plain};
}

std::vector<std::string> help() {
  std::vector<std::string> lines{"lastbyte top: the open sessions of a running lastbyte. Any key returns.", ""};
  lines.emplace_back("Sort by");
  for (const SortWord& each : kSortWords)
    lines.push_back(fmt::format("  {}        {}: {}", each.letter, each.word, each.help));
  for (const char* each :
       {"  R        reverse the order", "", "Move", "  arrows, j, k, Page Up, Page Down, Space, Home, g, End, G", "",
        "Act on the selected session, after a question", "  c        close: it may finish for the drain time",
        "  x        reset both sides now", "",
        "  /        filter: words that must occur in a line; or state=lingering,",
        "           forwarding=NAME, client=NETWORK, upstream=NETWORK", "  Esc      remove the filter",
        "  p        pause", "  q        quit", "",
        "->B/s comes from the client, <-B/s from the upstream. UNACK is updated",
        "only while it is the sort key. HALF: since the first FIN."})
    lines.emplace_back(each);
  return lines;
}

std::vector<Line> help_screen(const Screen& screen) {
  std::vector<Line> lines;
  for (std::string& each : help())
    if (lines.size() < screen.lines) lines.push_back({clipped(each, screen.columns), Style::plain});
  lines.resize(screen.lines);
  return lines;
}

std::size_t above(const Screen& screen) { return screen.lines < kShort ? 2 : kAbove; }

}  // namespace

std::size_t page_of(const Screen& screen) {
  const std::size_t around = above(screen) + kBelow;
  return screen.lines > around ? screen.lines - around : 0;
}

std::vector<Line> screen_of(View& view, const Screen& screen, const std::string& now) {
  if (view.mode() == View::Mode::help) return help_screen(screen);
  const std::size_t width = screen.columns;
  const std::size_t page = page_of(screen);
  const std::size_t first = view.first_of_page(page);
  const std::size_t last = std::min(first + page, view.visible().size());
  const auto columns = placed(view, width);
  const auto clean = [&](const std::string& text) { return clipped(shown(text, screen.charset), width); };
  std::vector<Line> lines;
  lines.push_back({clean(title(view, width, now)), Style::title});
  if (above(screen) == kAbove) {
    lines.push_back({clean(rates_line(view, width)), Style::plain});
    lines.push_back({clean(endings_line(view, width)), Style::plain});
    lines.push_back({clean(order_line(view, width, first, last - first)), Style::plain});
  }
  lines.push_back(
      {clean(row_text(columns, [](const Column& each) { return std::string(each.title); })), Style::heading});
  for (std::size_t index = first; index < last; ++index) {
    const SessionRow& row = *view.visible()[index];
    const auto cell = [&](const Column& each) { return shown(each.cell(row), screen.charset); };
    lines.push_back(
        {clipped(row_text(columns, cell), width), index == view.selected() ? Style::selected : Style::plain});
  }
  lines.resize(std::max<std::size_t>(screen.lines, 1) - 1);
  Line below = bottom(view, width);
  lines.push_back({clean(below.text), below.style});
  lines.resize(screen.lines);
  return lines;
}

std::string text_of(const View& view, const std::string& now) {
  constexpr std::size_t kUnlimited = 100'000;
  std::string out = shown(title(view, kUnlimited, now)) + "\n" + shown(rates_line(view, kUnlimited)) + "\n" +
                    shown(endings_line(view, kUnlimited)) + "\n" +
                    shown(order_line(view, kUnlimited, 0, view.visible().size())) + "\n";
  std::vector<Placed> columns = placed(view, kUnlimited);
  // Widens each column to its longest cell: programs read this text word by word.
  for (Placed& each : columns) {
    each.width = column(each.field).title.size();
    for (const SessionRow* row : view.visible())
      each.width = std::max(each.width, columns_of(shown(column(each.field).cell(*row))));
  }
  out += row_text(columns, [](const Column& each) { return std::string(each.title); }) + "\n";
  for (const SessionRow* row : view.visible())
    out += row_text(columns, [&](const Column& each) { return shown(each.cell(*row)); }) + "\n";
  return out;
}

}  // namespace lastbyte::console
