#include <array>
#include <cstdio>

#include "lab/report/report.h"

namespace lastbyte::lab {
namespace {

std::string since(wire::Moment began, wire::Moment at) {
  std::array<char, 32> text{};
  const double ms = std::chrono::duration<double, std::milli>(at - began).count();
  std::snprintf(text.data(), text.size(), ms < 1000 ? "%.3f ms" : "%.0f ms", ms);
  return text.data();
}

}  // namespace

page::Sequence sequence_of(const Scene& scene) {
  page::Sequence sequence{.participants = {{"C", "client"}, {"S", "server"}}, .events = {}};
  for (const Event& each : scene.events) {
    if (each.detail) continue;
    const std::string time = since(scene.events.front().at, each.at);
    const std::size_t who = each.who == Who::client ? 0 : 1;
    if (each.kind != EventKind::segment) {
      sequence.events.emplace_back(page::Note{who, each.text, time});
      continue;
    }
    const page::ArrowKind kind = each.reset ? page::ArrowKind::reset
                                 : each.end ? page::ArrowKind::end
                                            : page::ArrowKind::data;
    sequence.events.emplace_back(page::Arrow{who, 1 - who, kind, each.text, time});
  }
  return page::folded(sequence);
}

}  // namespace lastbyte::lab
