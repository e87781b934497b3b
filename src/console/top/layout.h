// Draws lastbyte top as lines of text. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "console/text.h"
#include "console/top/view.h"

namespace lastbyte::console {

enum class Style : std::uint8_t { plain, title, heading, selected, alert };

struct Line {
  std::string text;  ///< at most as wide as the screen
  Style style = Style::plain;

  friend bool operator==(const Line&, const Line&) = default;
};

struct Screen {
  std::size_t columns = 80;
  std::size_t lines = 24;
  Charset charset = Charset::utf8;
};

/// Returns the number of lines for sessions.
std::size_t page_of(const Screen& screen);

/// Returns exactly screen.lines lines. `now` is the time of day, for the title.
std::vector<Line> screen_of(View& view, const Screen& screen, const std::string& now);

/// Returns the same for a file: all visible sessions, in lines of any length.
std::string text_of(const View& view, const std::string& now);

}  // namespace lastbyte::console
