// The bytes that a stream sends, and the treatment of received bytes, by mode. Pure: no descriptor, no clock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sock/command/sock.h"
#include "sock/talk/http.h"

namespace lastbyte::sock {

class Traffic {
 public:
  /// `host`: what an HTTP client calls its peer. `options` must outlive this.
  Traffic(const Options& options, std::string_view host);

  /// The peer sent something; bytes for standard output are appended to output().
  void received(std::string_view bytes);
  /// The peer's FIN.
  void peer_ended();
  /// Something came from standard input (relay mode).
  void supplied(std::string_view bytes);
  void supply_ended();

  /// The next bytes to send, at most options.write_size; empty: nothing now. Valid until the next call.
  std::string_view outgoing();
  /// The kernel took so many of them.
  void took(std::size_t bytes);
  [[nodiscard]] bool has_outgoing() const { return head_ < pending_.size() || pattern_left_ > 0; }
  /// Everything is sent, and nothing more will come.
  [[nodiscard]] bool nothing_more() const { return ended_ && !has_outgoing(); }
  /// Bytes that are still to be sent.
  [[nodiscard]] std::uint64_t unsent() const { return pending_.size() - head_ + pattern_left_; }

  /// False: what was received before must be dealt with first (back-pressure).
  [[nodiscard]] bool wants_peer() const;
  [[nodiscard]] bool wants_supply() const;

  /// Bytes for standard output; the caller takes them off the front.
  std::string& output() { return output_; }
  [[nodiscard]] const std::string& output() const { return output_; }

 private:
  void serve_requests();
  void answer(std::string_view status, bool keep_alive, std::string_view text);
  [[nodiscard]] bool is_http_server() const;

  const Options& options_;
  std::string pending_;
  std::size_t head_ = 0;              ///< bytes of pending_ that are sent already
  std::uint64_t pattern_offset_ = 0;  ///< of what follows pending_
  std::uint64_t pattern_left_ = 0;
  bool ended_ = false;  ///< pending_ and the pattern are the last
  bool peer_ended_ = false;
  bool after_cr_ = false;
  HttpReader http_;
  std::string unparsed_;
  std::string output_;
};

}  // namespace lastbyte::sock
