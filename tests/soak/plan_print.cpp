#include <array>

#include "tests/soak/plan.h"

namespace lastbyte::soak {
namespace {

std::string pace(std::uint64_t chunk, Milliseconds every) {
  std::string text;
  if (chunk != 0) text += " by " + std::to_string(chunk);
  if (every.count() != 0) text += " every " + std::to_string(every.count()) + "ms";
  return text;
}

std::string in_hex(const std::string& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    text += {kDigits[byte / 16], kDigits[byte % 16]};
  }
  return text;
}

std::string print(const Reading& reading) {
  std::string text = "reads" + pace(reading.chunk, reading.every);
  if (reading.pause.count() != 0) text += " after " + std::to_string(reading.pause.count()) + "ms";
  if (reading.stops_after) text += ", " + std::to_string(*reading.stops_after) + " bytes and no more";
  return text;
}

std::string print(const Cutting& cutting) {
  if (cutting.cut == Cut::none) return {};
  std::string text = cutting.cut == Cut::reset ? " | resets" : " | closes";
  if (cutting.after_writing) text += " after writing, or";
  if (cutting.after_bytes) text += " after " + std::to_string(*cutting.after_bytes) + " bytes, or";
  return text + " after " + std::to_string(cutting.at.count()) + "ms";
}

std::string header_text(const Plan& plan) {
  const std::string version =
      plan.header_version ? std::string(net::proxy_protocol::name(*plan.header_version)) + " " : "";
  switch (plan.header) {
    case Header::none: return "no PROXY header";
    case Header::told: return version + "PROXY header of " + plan.told.text();
    case Header::unknown: return version + "PROXY header of nobody";
    case Header::wrong: return "wrong PROXY header";
  }
  return "?";
}

}  // namespace

std::string print(const Step& step) {
  const std::string time = std::to_string(step.time.count()) + "ms";
  switch (step.verb) {
    case Verb::raw: return "raw " + in_hex(step.raw);
    case Verb::send: return "send " + std::to_string(step.bytes) + pace(step.chunk, step.time);
    case Verb::urgent: return "urgent";
    case Verb::descriptors: return "descriptors " + std::to_string(step.bytes);
    case Verb::pause: return "pause " + time;
    case Verb::await_bytes: return "await " + std::to_string(step.bytes);
    case Verb::await_end: return "await end";
    case Verb::await_ack: return "await ack";
    case Verb::freeze: return "freeze " + time;
    case Verb::reload: return "reload";
    case Verb::shortage: return "shortage " + time;
    case Verb::fin: return "fin";
  }
  return "?";
}

std::string print(const PeerPlan& plan) {
  std::string text;
  for (const Step& step : plan.steps) text += (text.empty() ? "" : "; ") + print(step);
  text += " | " + print(plan.reading) + print(plan.cutting);
  if (plan.receive_buffer) text += " | receive buffer " + std::to_string(*plan.receive_buffer);
  if (plan.send_buffer) text += " | send buffer " + std::to_string(*plan.send_buffer);
  return text;
}

std::string print(const Plan& plan) {
  std::string text = "seed " + std::to_string(plan.seed) + ", session " + std::to_string(plan.number) + ": " +
                     std::string(plan.kind->name) + ", " + header_text(plan);
  if (plan.deaf.count() != 0) text += ", upstream deaf for " + std::to_string(plan.deaf.count()) + "ms";
  return text + "\n  client:   " + print(plan.client) + "\n  upstream: " + print(plan.upstream) + "\n";
}

}  // namespace lastbyte::soak
