#include "page/intervals.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "page/html.h"

namespace lastbyte::page {
namespace {

constexpr int kLabels = 240;
constexpr int kAxis = 480;
constexpr int kValues = 200;
constexpr int kRowHeight = 30;
constexpr int kHead = 20;
constexpr int kGuide = 16;
constexpr int kFoot = 30;

std::string decimal(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

std::string text_at(double x, double y, const char* anchor, const char* more, const std::string& text) {
  return "<text x=\"" + decimal(x) + "\" y=\"" + decimal(y) + "\" text-anchor=\"" + anchor + "\"" + more + ">" +
         escaped(text) + "</text>\n";
}

std::string stroke(double x1, double y1, double x2, double y2, const char* more) {
  return "<line x1=\"" + decimal(x1) + "\" y1=\"" + decimal(y1) + "\" x2=\"" + decimal(x2) + "\" y2=\"" + decimal(y2) +
         "\"" + more + "/>\n";
}

/// Returns a distance of 1, 2 or 5 times a power of ten that gives the axis four to ten ticks.
double tick_for(double most) {
  const double power = std::pow(10, std::floor(std::log10(most / 4)));
  const double steps = most / 4 / power;
  return power * (steps >= 5 ? 5 : steps >= 2 ? 2 : 1);
}

}  // namespace

std::string percent(double share) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g %%", share * 100);
  return text.data();
}

std::string svg(std::span<const Interval> rows, std::span<const Guide> guides) {
  double most = 0.001;
  for (const Interval& each : rows) most = std::max(most, each.high);
  for (const Guide& each : guides) most = std::max(most, each.share);
  most *= 1.05;
  const auto x = [&](double share) { return kLabels + kAxis * share / most; };
  // Each guide's label has its own line, so that the labels of close guides do not overlap.
  const double top = kHead + kGuide * static_cast<double>(guides.size());
  const double bottom = top + kRowHeight * static_cast<double>(rows.size());
  const std::string width = std::to_string(kLabels + kAxis + kValues);
  const std::string height = decimal(bottom + kFoot);
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + width + " " + height + "\" width=\"" +
                    width + "\" height=\"" + height +
                    "\" font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"#1a1a1a\">\n" +
                    "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
  const double tick = tick_for(most);
  for (int i = 0; i * tick <= most; ++i) {
    out += stroke(x(i * tick), top - 4, x(i * tick), bottom, " stroke=\"#ddd\"");
    out += text_at(x(i * tick), bottom + 18, "middle", " fill=\"#555\" font-size=\"11\"", percent(i * tick));
  }
  double label = kHead - 6;
  for (const Guide& each : guides) {
    out += stroke(x(each.share), label - 10, x(each.share), bottom, " stroke=\"#b3261e\" stroke-dasharray=\"4 3\"");
    out += text_at(x(each.share) + 5, label, "start", " fill=\"#b3261e\" font-size=\"11\"", each.label);
    label += kGuide;
  }
  double y = top + kRowHeight / 2.0;
  for (const Interval& each : rows) {
    out += text_at(kLabels - 12, y + 4, "end", "", each.label);
    const char* ink = " stroke=\"#1f5fa8\" stroke-width=\"2\"";
    out += stroke(x(each.low), y, x(each.high), y, ink) + stroke(x(each.low), y - 5, x(each.low), y + 5, ink) +
           stroke(x(each.high), y - 5, x(each.high), y + 5, ink);
    out += "<circle cx=\"" + decimal(x(each.share)) + "\" cy=\"" + decimal(y) + "\" r=\"4.5\" fill=\"#1f5fa8\"/>\n";
    out += text_at(kLabels + kAxis + 10, y + 4, "start", "",
                   percent(each.share) + " (" + percent(each.low) + " to " + percent(each.high) + ")");
    y += kRowHeight;
  }
  return out + "</svg>\n";
}

}  // namespace lastbyte::page
