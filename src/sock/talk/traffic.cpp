#include "sock/talk/traffic.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "sock/talk/pattern.h"

namespace lastbyte::sock {
namespace {

constexpr std::size_t most_waiting = 262'144;  // bytes held for one side before the other side is no longer read
constexpr std::uint64_t default_count = 1024;

std::uint64_t source_size(const Options& options) {
  if (options.bytes) return *options.bytes;
  const auto count = options.count.value_or(default_count);
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  return count > most / options.write_size ? most : count * options.write_size;
}

}  // namespace

Traffic::Traffic(const Options& options, std::string_view host) : options_(options) {
  switch (options.mode) {
    case Mode::relay:
    case Mode::echo: break;
    case Mode::source:
      pattern_left_ = source_size(options);
      ended_ = true;
      break;
    case Mode::sink:
    case Mode::discard: ended_ = !options.read_peer; break;  // otherwise, the peer's FIN ends it
    case Mode::http:
      if (is_http_server()) break;
      pending_ = http_request_head(host, options.bytes ? &*options.bytes : nullptr);
      pattern_left_ = options.bytes.value_or(0);
      ended_ = true;
      break;
  }
}

bool Traffic::is_http_server() const { return options_.mode == Mode::http && options_.role == Role::server; }

void Traffic::received(std::string_view bytes) {
  switch (options_.mode) {
    case Mode::relay: output_ += bytes; break;
    case Mode::echo: pending_ += bytes; break;
    case Mode::source:
    case Mode::sink:
    case Mode::discard: break;
    case Mode::http:
      if (!is_http_server()) {
        output_ += bytes;
      } else if (!ended_) {
        unparsed_ += bytes;
        serve_requests();
      }
      break;
  }
}

void Traffic::peer_ended() {
  peer_ended_ = true;
  switch (options_.mode) {
    case Mode::relay:
    case Mode::source: break;
    case Mode::echo:
    case Mode::sink:
    case Mode::discard: ended_ = true; break;
    case Mode::http: serve_requests(); break;
  }
}

void Traffic::supplied(std::string_view bytes) {
  if (options_.crlf) {
    append_crlf(pending_, bytes, after_cr_);
  } else {
    pending_ += bytes;
  }
}

void Traffic::supply_ended() { ended_ = true; }

std::string_view Traffic::outgoing() {
  if (head_ == pending_.size()) {
    pending_.clear();
    head_ = 0;
  }
  if (pending_.empty() && pattern_left_ > 0) {
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(pattern_left_, options_.write_size));
    append_pattern(pending_, pattern_offset_, length);
    pattern_offset_ += length;
    pattern_left_ -= length;
  }
  return std::string_view(pending_).substr(head_, options_.write_size);
}

void Traffic::took(std::size_t bytes) {
  head_ += bytes;
  if (head_ > most_waiting) {
    pending_.erase(0, head_);
    head_ = 0;
  }
  if (is_http_server()) serve_requests();
}

bool Traffic::wants_peer() const {
  const auto waiting = pending_.size() - head_;
  switch (options_.mode) {
    // Unsent data does not matter here: the peer may accept more only after it was read from.
    case Mode::relay: return output_.size() < most_waiting;
    case Mode::echo: return waiting < most_waiting;
    case Mode::source:
    case Mode::sink:
    case Mode::discard: return true;
    case Mode::http:
      // After an early answer, the body stays unread until the answer is sent. Only a lingering close reads the body
      // then.
      if (options_.answer_early && ended_ && has_outgoing()) return false;
      if (is_http_server()) return unparsed_.empty() && waiting < most_waiting;
      return output_.size() < most_waiting;
  }
  return true;
}

bool Traffic::wants_supply() const {
  return options_.mode == Mode::relay && !ended_ && pending_.size() - head_ < most_waiting;
}

void Traffic::answer(std::string_view status, bool keep_alive, std::string_view text) {
  const auto size = options_.bytes.value_or(text.size());
  pending_ += http_answer_head(status, size, keep_alive);
  if (options_.bytes) {
    pattern_offset_ = 0;
    pattern_left_ = size;
  } else {
    pending_ += text;
  }
  ended_ = !keep_alive;
}

void Traffic::serve_requests() {
  if (!is_http_server()) return;
  std::string_view rest = unparsed_;
  bool more = false;
  while (!ended_ && !more && pattern_left_ == 0 && pending_.size() - head_ < most_waiting) {
    const auto step = http_.take(rest);
    const auto& request = http_.request();
    switch (step) {
      case HttpStep::more: more = true; break;
      case HttpStep::head:
        if (options_.answer_early) {
          answer("200 OK", false, fmt::format("{} {}: the body stays unread\n", request.method, request.target));
        } else if (request.expects_continue && request.body_size > 0) {
          pending_ += "HTTP/1.1 100 Continue\r\n\r\n";
        }
        break;
      case HttpStep::complete:
        answer("200 OK", request.keep_alive,
               fmt::format("{} {}: {} bytes, xxh64 {}\n", request.method, request.target, request.body_size,
                           http_.checksum().text()));
        break;
      case HttpStep::bad: answer(http_.refusal(), false, http_.refusal() + "\n"); break;
    }
  }
  unparsed_.erase(0, unparsed_.size() - rest.size());
  if (ended_) unparsed_.clear();
  if (more && peer_ended_) ended_ = true;
}

}  // namespace lastbyte::sock
