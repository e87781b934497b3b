#include "sock/talk/http.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace lastbyte::sock {
namespace {

constexpr std::size_t most_head = 65'536;
constexpr std::string_view end_of_head = "\r\n\r\n";

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find("\r\n"), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 2, text.size()));
  return line;
}

bool read_request_line(std::string_view line, HttpRequest& request) {
  const auto first = line.find(' ');
  const auto second = line.find(' ', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos) return false;
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, second - first - 1);
  const auto version = line.substr(second + 1);
  request.keep_alive = version != "HTTP/1.0";
  return !request.method.empty() && !request.target.empty() && (version == "HTTP/1.1" || version == "HTTP/1.0");
}

}  // namespace

HttpStep HttpReader::refuse(std::string status) {
  refusal_ = std::move(status);
  return HttpStep::bad;
}

bool HttpReader::read_head() {
  std::string_view rest = std::string_view(head_).substr(0, head_.size() - end_of_head.size());
  request_ = {};
  if (!read_request_line(take_line(rest), request_)) {
    refusal_ = "400 Bad Request";
    return false;
  }
  while (!rest.empty()) {
    const auto line = take_line(rest);
    const auto colon = std::min(line.find(':'), line.size());
    const auto name = lower(line.substr(0, colon));
    const auto value = trimmed(line.substr(std::min(colon + 1, line.size())));
    if (name == "content-length") {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), request_.body_size);
      if (error != std::errc{} || end != value.data() + value.size()) refusal_ = "400 Bad Request";
    } else if (name == "transfer-encoding") {
      refusal_ = "501 Not Implemented";
    } else if (name == "connection" && lower(value) == "close") {
      request_.keep_alive = false;
    } else if (name == "connection" && lower(value) == "keep-alive") {
      request_.keep_alive = true;
    } else if (name == "expect" && lower(value) == "100-continue") {
      request_.expects_continue = true;
    }
  }
  return refusal_.empty();
}

HttpStep HttpReader::take_head(std::string_view& input) {
  // The end of the head may be split between two pieces.
  const auto from = head_.size() < 3 ? 0 : head_.size() - 3;
  const auto before = head_.size();
  head_ += input.substr(0, most_head - before);
  const auto end = head_.find(end_of_head, from);
  if (end == std::string::npos) {
    if (head_.size() == most_head) return refuse("431 Request Header Fields Too Large");
    input = {};
    return HttpStep::more;
  }
  head_.resize(end + end_of_head.size());
  input.remove_prefix(head_.size() - before);
  if (!read_head()) return HttpStep::bad;
  head_.clear();
  in_body_ = true;
  body_left_ = request_.body_size;
  checksum_ = Checksum();
  return HttpStep::head;
}

HttpStep HttpReader::take(std::string_view& input) {
  if (!refusal_.empty()) return HttpStep::bad;
  if (!in_body_) return input.empty() ? HttpStep::more : take_head(input);
  const auto part = input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, input.size())));
  checksum_.add(part);
  body_left_ -= part.size();
  input.remove_prefix(part.size());
  if (body_left_ > 0) return HttpStep::more;
  in_body_ = false;
  return HttpStep::complete;
}

std::string http_answer_head(std::string_view status, std::uint64_t size, bool keep_alive) {
  return fmt::format(
      "HTTP/1.1 {}\r\nServer: lastbyte-sock\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: "
      "{}\r\n\r\n",
      status, size, keep_alive ? "keep-alive" : "close");
}

std::string http_request_head(std::string_view host, const std::uint64_t* size) {
  const auto start = fmt::format("{} / HTTP/1.1\r\nHost: {}\r\nUser-Agent: lastbyte-sock\r\nConnection: close\r\n",
                                 size == nullptr ? "GET" : "POST", host);
  return start + (size == nullptr ? "\r\n" : fmt::format("Content-Length: {}\r\n\r\n", *size));
}

}  // namespace lastbyte::sock
