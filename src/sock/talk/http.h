// The part of HTTP/1 that shows how connections end: the reader reads whole requests, and answers describe them. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/checksum.h"

namespace lastbyte::sock {

struct HttpRequest {
  std::string method;
  std::string target;
  std::uint64_t body_size = 0;  ///< Content-Length
  bool keep_alive = true;       ///< derived from the version and the Connection field
  bool expects_continue = false;
};

enum class HttpStep : std::uint8_t {
  more,      ///< all input is taken; nothing is complete
  head,      ///< the head is complete: request() is valid, the body follows
  complete,  ///< the body is complete too; the next request follows
  bad,       ///< not understood: answer with the status of refusal(). No further input is taken
};

/// Reads requests from a stream that arrives in pieces of any size.
class HttpReader {
 public:
  /// Takes input from the front of `input` up to the next step. Call it until it returns `more`.
  HttpStep take(std::string_view& input);
  [[nodiscard]] const HttpRequest& request() const { return request_; }
  /// The status of the answer, for example "431 Request Header Fields Too Large".
  [[nodiscard]] const std::string& refusal() const { return refusal_; }
  /// The checksum of the body so far.
  [[nodiscard]] const Checksum& checksum() const { return checksum_; }
  /// Returns whether no head or body is partly read.
  [[nodiscard]] bool between_requests() const { return !in_body_ && head_.empty(); }

 private:
  HttpStep take_head(std::string_view& input);
  HttpStep refuse(std::string status);
  bool read_head();

  std::string head_;
  HttpRequest request_;
  std::uint64_t body_left_ = 0;
  bool in_body_ = false;
  std::string refusal_;
  Checksum checksum_;
};

/// Returns the head of an answer with a body of `size` bytes.
std::string http_answer_head(std::string_view status, std::uint64_t size, bool keep_alive);
/// Returns the head of a GET, or of a POST with a body of `size` bytes.
std::string http_request_head(std::string_view host, const std::uint64_t* size);

}  // namespace lastbyte::sock
