// The names of this room's values in records and documents. The switches are exhaustive: a new value without a name
// does not compile.
#include "termination/verdict.h"

namespace lastbyte::termination {

std::string_view name(Which which) {
  switch (which) {
    case Which::client: return "client";
    case Which::upstream: return "upstream";
  }
  return "?";
}

std::string_view name(Input input) {
  switch (input) {
    case Input::open: return "open";
    case Input::fin: return "fin";
    case Input::reset: return "reset";
    case Input::vanished: return "vanished";
    case Input::aborted: return "aborted";
  }
  return "?";
}

std::string_view name(Output output) {
  switch (output) {
    case Output::untried: return "untried";
    case Output::unasked: return "unasked";
    case Output::queued: return "queued";
    case Output::connecting: return "connecting";
    case Output::open: return "open";
    case Output::fin_sent: return "fin_sent";
    case Output::fin_acked: return "fin_acked";
    case Output::broken: return "broken";
    case Output::lost: return "lost";
  }
  return "?";
}

std::string_view name(Hold hold) {
  switch (hold) {
    case Hold::held: return "held";
    case Hold::done: return "done";
    case Hold::unreachable: return "unreachable";
    case Hold::passed_on: return "passed_on";
    case Hold::rejected: return "rejected";
    case Hold::limit: return "limit";
    case Hold::stopped: return "stopped";
    case Hold::abandoned: return "abandoned";
    case Hold::aborted: return "aborted";
  }
  return "?";
}

std::string_view name(Deadline deadline) {
  switch (deadline) {
    case Deadline::none: return "none";
    case Deadline::proxy_header: return "proxy_header";
    case Deadline::first_byte: return "first_byte";
    case Deadline::queue: return "queue";
    case Deadline::connect: return "connect";
    case Deadline::idle: return "idle";
    case Deadline::half_close: return "half_close";
    case Deadline::reset_flush: return "reset_flush";
    case Deadline::linger: return "linger";
    case Deadline::drain: return "drain";
  }
  return "?";
}

std::string_view name(First first) {
  switch (first) {
    case First::none: return "none";
    case First::fin: return "fin";
    case First::reset: return "reset";
    case First::vanished: return "vanished";
    case First::refused: return "refused";
    case First::unreachable: return "unreachable";
    case First::rejected: return "rejected";
    case First::limit: return "limit";
    case First::stop: return "stop";
    case First::abandoned: return "abandoned";
  }
  return "?";
}

std::string_view name(Event event) {
  switch (event) {
    case Event::greeted: return "greeted";
    case Event::rejected: return "rejected";
    case Event::held_back: return "held_back";
    case Event::asked: return "asked";
    case Event::queued: return "queued";
    case Event::dequeued: return "dequeued";
    case Event::connected: return "connected";
    case Event::connect_failed: return "connect_failed";
    case Event::pending: return "pending";
    case Event::drained: return "drained";
    case Event::fin: return "fin";
    case Event::reset: return "reset";
    case Event::vanished: return "vanished";
    case Event::fin_aborts: return "fin_aborts";
    case Event::refused: return "refused";
    case Event::broke: return "broke";
    case Event::lost: return "lost";
    case Event::acked: return "acked";
    case Event::deadline: return "deadline";
    case Event::stop: return "stop";
    case Event::abort: return "abort";
    case Event::abandon: return "abandon";
  }
  return "?";
}

std::string_view name(LingerMode mode) {
  switch (mode) {
    case LingerMode::off: return "off";
    case LingerMode::on: return "on";
    case LingerMode::always: return "always";
  }
  return "?";
}

std::string_view name(End end) {
  switch (end) {
    case End::fin: return "fin";
    case End::reset: return "reset";
    case End::refused: return "refused";
    case End::vanished: return "vanished";
    case End::unreachable: return "unreachable";
    case End::rejected: return "rejected";
    case End::untried: return "untried";
    case End::passed_on: return "passed_on";
    case End::limit: return "limit";
    case End::stopped: return "stopped";
    case End::abandoned: return "abandoned";
    case End::aborted: return "aborted";
    case End::left: return "left";
  }
  return "?";
}

}  // namespace lastbyte::termination
