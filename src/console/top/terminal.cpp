#include "console/top/terminal.h"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cwchar>
#include <string_view>

#include "base/text.h"

// ncurses' macros have names such as move, erase and timeout.
#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <ncurses.h>
#include <term.h>
// Further macros of ncurses.
#undef columns
#undef lines

namespace lastbyte::console {
namespace {

/// after this time an ESC is the key itself, not the beginning of another key's sequence
constexpr int kEscapeWait_ms = 25;

attr_t attributes(Style style) {
  switch (style) {
    case Style::plain: return A_NORMAL;
    case Style::title: return A_BOLD;
    case Style::heading: return A_REVERSE;
    case Style::selected: return A_REVERSE | A_BOLD;
    case Style::alert: return A_BOLD;
  }
  return A_NORMAL;
}

std::optional<Key::Name> name_of(wint_t code) {
  switch (code) {
    case KEY_UP: return Key::Name::up;
    case KEY_DOWN: return Key::Name::down;
    case KEY_PPAGE: return Key::Name::page_up;
    case KEY_NPAGE: return Key::Name::page_down;
    case KEY_HOME: return Key::Name::home;
    case KEY_END: return Key::Name::end;
    case KEY_ENTER: return Key::Name::enter;
    case KEY_BACKSPACE: return Key::Name::backspace;
    default: return std::nullopt;
  }
}

Key key_of(wint_t character) {
  constexpr wint_t kEscape = 0x1b;
  constexpr wint_t kDelete = 0x7f;
  switch (character) {
    case L'\n':
    case L'\r': return {.name = Key::Name::enter};
    case kEscape: return {.name = Key::Name::escape};
    case kDelete:
    case L'\b': return {.name = Key::Name::backspace};
    default: return {.name = Key::Name::character, .character = static_cast<char32_t>(character)};
  }
}

}  // namespace

Result<Terminal> Terminal::open() {
  const std::string instead = "expected a terminal, or --batch or --once";
  if (::isatty(STDOUT_FILENO) == 0) return failure("show a screen on standard output", ENOTTY, instead);
  if (::isatty(STDIN_FILENO) == 0) return failure("read keys from standard input", ENOTTY, instead);
  const char* name = std::getenv("TERM");
  const std::string what = "show a screen on a terminal of TERM=" + in_quotes(name == nullptr ? "" : name);
  int known = 0;
  if (setupterm(nullptr, STDOUT_FILENO, &known) != OK)
    return failure(what, 0,
                   known == 0 ? "its type is not known; " + instead : "there is no terminfo database; " + instead);
  const char* moves = tigetstr(const_cast<char*>("cup"));  // NOLINT: older declarations take char*
  const bool can_move = moves != nullptr && moves != reinterpret_cast<const char*>(-1);
  del_curterm(cur_term);  // newterm() makes its own
  if (!can_move) return failure(what, 0, "it cannot move its cursor; " + instead);
  SCREEN* screen = newterm(nullptr, stdout, stdin);
  if (screen == nullptr) return failure(what, 0, instead);
  set_term(screen);
  cbreak();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  set_escdelay(kEscapeWait_ms);
  curs_set(0);
  return Terminal(screen);
}

Terminal::~Terminal() {
  if (screen_ == nullptr) return;
  endwin();
  delscreen(static_cast<SCREEN*>(screen_));
}

Screen Terminal::screen() const {
  const bool utf8 = std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
  return {.columns = static_cast<std::size_t>(std::max(getmaxx(stdscr), 1)),
          .lines = static_cast<std::size_t>(std::max(getmaxy(stdscr), 1)),
          .charset = utf8 ? Charset::utf8 : Charset::ascii};
}

void Terminal::draw(const std::vector<Line>& lines) {
  werase(stdscr);
  const int width = getmaxx(stdscr);
  for (std::size_t index = 0; index < lines.size(); ++index) {
    const int row = static_cast<int>(index);
    const Line& line = lines[index];
    wattrset(stdscr, static_cast<int>(attributes(line.style)));
    const bool whole = line.style == Style::heading || line.style == Style::selected;
    if (whole) mvwhline(stdscr, row, 0, static_cast<chtype>(' ') | attributes(line.style), width);
    mvwaddnstr(stdscr, row, 0, line.text.c_str(), -1);
  }
  wattrset(stdscr, A_NORMAL);
  wrefresh(stdscr);
}

std::optional<Key> Terminal::key() {
  constexpr wint_t kRedraw = 0x0c;  // ^L
  for (;;) {
    wint_t code = 0;
    const int kind = wget_wch(stdscr, &code);
    if (kind == ERR) return std::nullopt;
    if (kind == KEY_CODE_YES) {
      if (const auto name = name_of(code)) return Key{.name = *name};
    } else if (code == kRedraw) {
      forget();
    } else {
      return key_of(code);
    }
  }
}

void Terminal::forget() { clearok(stdscr, TRUE); }

}  // namespace lastbyte::console
