// As much of HTTP/1 as shows how connections end: requests are read whole, answers say what came. Pure.
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
  bool keep_alive = true;       ///< by version and Connection
  bool expects_continue = false;
};

enum class HttpStep : std::uint8_t {
  more,      ///< all input was taken; nothing is complete
  head,      ///< the head is complete: request() is there, the body is still to come
  complete,  ///< the body is complete too; the next request begins
  bad,       ///< not understood: refusal() says with which status to answer. Nothing further is taken
};

/// Reads requests from a stream cut into pieces of any size.
class HttpReader {
 public:
  /// Takes from the front of `input` up to the next step. Call it until it says `more`.
  HttpStep take(std::string_view& input);
  [[nodiscard]] const HttpRequest& request() const { return request_; }
  /// "431 Request Header Fields Too Large" and the like.
  [[nodiscard]] const std::string& refusal() const { return refusal_; }
  /// Of the body so far.
  [[nodiscard]] const Checksum& checksum() const { return checksum_; }
  /// Neither a head nor a body is half read.
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

/// The head of an answer with a body of `size` bytes.
std::string http_answer_head(std::string_view status, std::uint64_t size, bool keep_alive);
/// GET, or POST with a body of `size` bytes to follow.
std::string http_request_head(std::string_view host, const std::uint64_t* size);

}  // namespace lastbyte::sock
