#include "peers/script.h"

namespace lastbyte::peers {
namespace {

std::string size(std::uint64_t bytes) {
  constexpr std::uint64_t kKibi = 1024;
  if (bytes != 0 && bytes % (kKibi * kKibi) == 0) return std::to_string(bytes / (kKibi * kKibi)) + "M";
  if (bytes != 0 && bytes % kKibi == 0) return std::to_string(bytes / kKibi) + "K";
  return std::to_string(bytes);
}

std::string time(Duration duration) {
  if (duration.count() != 0 && duration.count() % 1000 == 0) return std::to_string(duration.count() / 1000) + "s";
  return std::to_string(duration.count()) + "ms";
}

std::string pace(const Pace& pace) {
  std::string text;
  if (pace.chunk != 0) text += " by " + size(pace.chunk);
  if (pace.every.count() != 0) text += " every " + time(pace.every);
  return text;
}

struct Printer {
  std::string operator()(const Send& send) const {
    return "send " + size(send.bytes) + pace(send.pace) + (send.urgent ? " urgent" : "");
  }
  std::string operator()(const Flood& flood) const { return "flood" + pace(flood.pace); }
  std::string operator()(const Fill& fill) const { return "fill " + size(fill.bytes) + " " + time(fill.patience); }
  std::string operator()(const Receive& recv) const { return "recv " + size(recv.bytes) + pace(recv.pace); }
  std::string operator()(const Read& read) const { return "read" + pace(read.pace); }
  std::string operator()(const ExpectFin&) const { return "expect fin"; }
  std::string operator()(const ExpectReset&) const { return "expect reset"; }
  std::string operator()(const ExpectError&) const { return "expect error"; }
  std::string operator()(const ExpectQuiet& quiet) const { return "expect quiet " + time(quiet.time); }
  std::string operator()(const Flush&) const { return "flush"; }
  std::string operator()(const Shutdown&) const { return "shutdown"; }
  std::string operator()(const Close&) const { return "close"; }
  std::string operator()(const CloseUnread&) const { return "close-unread"; }
  std::string operator()(const Reset&) const { return "reset"; }
  std::string operator()(const Vanish&) const { return "vanish"; }
  std::string operator()(const Sleep& sleep) const { return "sleep " + time(sleep.time); }
  std::string operator()(const Signal& signal) const { return "signal " + signal.name; }
  std::string operator()(const Await& await) const {
    return "await " + await.name + (await.times == 1 ? "" : " " + std::to_string(await.times));
  }
};

void append(std::string& text, const std::string& separator, const std::string& more) {
  if (!text.empty()) text += separator;
  text += more;
}

std::string print_steps(const std::vector<Step>& steps) {
  std::string text;
  for (const Step& step : steps) {
    if (const auto* repeat = std::get_if<Repeat>(&step)) {
      append(text, "; ", "repeat " + std::to_string(repeat->times) + " (" + print_steps(repeat->steps) + ")");
      continue;
    }
    std::string joined;
    for (const Action& action : std::get<Together>(step).actions) append(joined, " | ", print(action));
    append(text, "; ", joined);
  }
  return text;
}

}  // namespace

std::string print(const Action& action) { return std::visit(Printer{}, action); }

std::string print(const Script& script) {
  std::string text;
  if (script.window) append(text, "; ", "window " + size(static_cast<std::uint64_t>(*script.window)));
  if (script.send_buffer) append(text, "; ", "send-buffer " + size(static_cast<std::uint64_t>(*script.send_buffer)));
  const std::string steps = print_steps(script.steps);
  if (!steps.empty()) append(text, "; ", steps);
  return text;
}

}  // namespace lastbyte::peers
