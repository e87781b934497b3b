#include "page/html.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace lastbyte::page {
namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; color: #1a1a1a; background: #fff; }
h1 { font-size: 1.5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; }
)";

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '|': out += "&#124;"; break;
      case '\n': out += ' '; break;
      default: out += c;
    }
  }
  return out;
}

std::string colour(double share) {
  if (share < 0) return "#eeeeee";
  // CSS's hue, saturation and lightness: hue goes from 0 (red) to 120 (green).
  constexpr double kSaturation = 0.65;
  const double lightness = share >= 1 ? 0.78 : 0.72;
  const double hue = 120 * share / 60;
  const double chroma = (1 - std::abs(2 * lightness - 1)) * kSaturation;
  const double second = chroma * (1 - std::abs(std::fmod(hue, 2) - 1));
  const double least = lightness - chroma / 2;
  const std::array<double, 3> parts = hue < 1 ? std::array{chroma, second, 0.0} : std::array{second, chroma, 0.0};
  char text[16];
  const auto byte = [&](std::size_t at) { return static_cast<unsigned>(std::lround(255 * (parts[at] + least))); };
  std::snprintf(text, sizeof text, "#%02x%02x%02x", byte(0), byte(1), byte(2));
  return text;
}

std::string document(std::string_view title, std::string_view style, std::string_view body) {
  const std::string name = escaped(title);
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>";
  out.append(name).append("</title>\n<style>").append(kStyle).append(style).append("</style></head><body>\n<h1>");
  return out.append(name).append("</h1>\n").append(body).append("</body></html>\n");
}

}  // namespace lastbyte::page
