// page: the parts of reports, for all commands. This file: HTML, and escaping for its cells. Pure.
#pragma once

#include <string>
#include <string_view>

namespace lastbyte::page {

/// Escapes text so that it is safe in Markdown tables, HTML and SVG. Line ends become blanks.
std::string escaped(std::string_view text);
/// Returns the colour of a share, from red (0) over yellow to green (1). It is light enough for black text. Less than
/// 0: grey.
std::string colour(double share);
/// Returns a whole page that needs no other file. `style`: CSS in addition to the common style; `body`: HTML below the
/// title.
std::string document(std::string_view title, std::string_view style, std::string_view body);

}  // namespace lastbyte::page
