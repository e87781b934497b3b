// page: what reports are made of, for all commands. This file: HTML, and words for its cells. Pure.
#pragma once

#include <string>
#include <string_view>

namespace lastbyte::page {

/// For Markdown's tables, HTML and SVG alike; line ends become blanks.
std::string escaped(std::string_view text);
/// Of a share, from red (0) over yellow to green (1); light enough for black text. Less than 0: grey.
std::string colour(double share);
/// A whole page that needs no other file. `style`: CSS besides the common one; `body`: HTML below the title.
std::string document(std::string_view title, std::string_view style, std::string_view body);

}  // namespace lastbyte::page
