#include <algorithm>

#include "sock/command/option_table.h"
#include "sock/command/sock.h"

namespace lastbyte::sock {
namespace {

constexpr std::size_t kPageWidth = 96;
constexpr std::size_t kHelpColumn = 32;

constexpr std::string_view kIntroduction =
    "usage: lastbyte sock [OPTIONS] HOST PORT          connect\n"
    "       lastbyte sock -s [OPTIONS] [HOST] PORT     listen (-l: as nc does)\n"
    "       lastbyte sock -U [-s] [OPTIONS] PATH       the same with a UNIX socket\n"
    "       lastbyte sock -z [OPTIONS] HOST PORT[-PORT]\n"
    "\n"
    "One socket with all its options. Standard input goes to the peer and the peer to standard output,\n"
    "unless --mode says otherwise.\n";

constexpr std::string_view kEpilogue =
    "\n"
    "Exit status: 0 all went well; 1 a connection could not be established, or ended by a reset or another error;\n"
    "2 the command line is wrong. Sizes take k, M and G (powers of 1024).\n"
    "\n"
    "  printf hi | lastbyte sock -N -v 127.0.0.1 8080     half-close after 'hi', and report everything\n"
    "  lastbyte sock -s -k --mode=echo 127.0.0.1 8080     an echo server\n"
    "  lastbyte sock -s -A --mode=sink --no-read --delay-close=1 -v 8080     close with unread input\n";

/// Appends `text` in lines that begin at the help column.
void append_wrapped(std::string& page, std::size_t column, std::string_view text) {
  while (!text.empty()) {
    page.append(kHelpColumn > column ? kHelpColumn - column : 1, ' ');
    auto end = text.size();
    if (end > kPageWidth - kHelpColumn) end = text.rfind(' ', kPageWidth - kHelpColumn);
    page.append(text.substr(0, end)).append("\n");
    text.remove_prefix(std::min(end + 1, text.size()));
    column = 0;
  }
}

std::string flag(const OptionRow& row) {
  std::string out = row.letter == 0 ? "      " : std::string("  -") + row.letter + ", ";
  out += std::string("--") + row.name;
  if (row.takes == Takes::value) out += std::string("=") + row.placeholder;
  if (row.takes == Takes::optional_value) out += std::string("[=") + row.placeholder + "]";
  return out;
}

}  // namespace

std::string usage() {
  std::string page(kIntroduction);
  std::string_view last;
  for (const auto& row : option_table()) {
    if (const auto title = heading(row.group); title != last) {
      page.append("\n").append(title).append("\n");
      last = title;
    }
    auto head = flag(row);
    auto column = head.size();
    page += head;
    if (column + 2 > kHelpColumn) {
      page += '\n';
      column = 0;
    }
    append_wrapped(page, column, row.help);
  }
  return page.append(kEpilogue);
}

}  // namespace lastbyte::sock
