#include "lab/stage/command.h"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <utility>
#include <vector>

#include "launchers/form.h"
#include "launchers/launchers.h"
#include "process/eventually.h"

namespace lastbyte::lab {
namespace {

/// Returns the errno's name that an error of `lastbyte sock` has in parentheses: "(EADDRINUSE)".
std::string errno_in(const std::string& output) {
  const std::size_t begin = output.find("(E");
  const std::size_t end = output.find(')', begin);
  if (begin == std::string::npos || end == std::string::npos) return output.empty() ? "ended" : output;
  return output.substr(begin + 1, end - begin - 1);
}

std::uint16_t number(const std::string& text) {
  std::uint16_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

Result<SockCommand> SockCommand::start(Stage& stage, Who who, const std::string& line) {
  const std::string program = launchers::all().front().programs.front();
  if (!program.ends_with("/lastbyte")) return failure("start " + line, 0, "this program is " + program);
  auto words = launchers::split_words(line);
  if (!words) return Failure(words.error());
  std::vector<std::string> arguments{program};
  arguments.insert(arguments.end(), words->begin(), words->end());
  const bool serves = std::ranges::find(*words, "-s") != words->end();
  const auto bound = std::ranges::find(*words, "-b");
  const std::uint16_t port = serves || bound == words->end() ? number(words->back()) : number(*(bound + 1));
  const std::string state = serves ? "LISTEN" : "ESTABLISHED";
  const std::size_t before = stage.sockets_in(who, port, state);
  auto process = process::Process::start(arguments, stage.network(who));
  if (!process) return Failure(process.error());
  stage.own_port(who, port);
  SockCommand command(stage, who, std::move(*process));
  command.line_ = line;
  command.await_outcome(port, state, before);
  stage.note(who, EventKind::call, line + ": " + command.outcome_);
  return command;
}

void SockCommand::await_outcome(std::uint16_t port, const std::string& state, std::size_t before) {
  const bool came = process::eventually(
      [&] {
        if (process_.ended()) {
          process_.kill();
          outcome_ = errno_in(process_.output());
        } else if (stage_->sockets_in(who_, port, state) > before) {
          outcome_ = state == "LISTEN" ? "listens" : "connected";
        }
        return !outcome_.empty();
      },
      kStagePatience, Duration(5));
  if (!came) outcome_ = "no result";
}

void SockCommand::interrupt() {
  process_.signal(SIGINT);
  stage_->note(who_, EventKind::call, "Ctrl-C: " + line_);
  await_end();
}

void SockCommand::await_end() {
  process::eventually([&] { return process_.ended().has_value(); }, kStagePatience, Duration(5));
}

}  // namespace lastbyte::lab
