// The bytes that a stream sends, and what it does with received bytes, by mode. Pure: no descriptor, no clock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sock/command/sock.h"
#include "sock/talk/http.h"

namespace lastbyte::sock {

class Traffic {
 public:
  /// `host`: the peer's name in an HTTP client's request. `options` must outlive this object.
  Traffic(const Options& options, std::string_view host);

  /// The peer has sent data. Appends the data for standard output to output().
  void received(std::string_view bytes);
  /// The peer has sent its FIN.
  void peer_ended();
  /// Standard input has delivered data (relay mode).
  void supplied(std::string_view bytes);
  void supply_ended();

  /// Returns the next bytes to send, at most options.write_size; empty: none now. They are valid until the next call.
  std::string_view outgoing();
  /// The kernel has accepted that many of the bytes.
  void took(std::size_t bytes);
  [[nodiscard]] bool has_outgoing() const { return head_ < pending_.size() || pattern_left_ > 0; }
  /// Returns whether everything was sent and nothing more will come.
  [[nodiscard]] bool nothing_more() const { return ended_ && !has_outgoing(); }
  /// The number of bytes still to send.
  [[nodiscard]] std::uint64_t unsent() const { return pending_.size() - head_ + pattern_left_; }

  /// Returns false while earlier received data must be handled first (back-pressure).
  [[nodiscard]] bool wants_peer() const;
  [[nodiscard]] bool wants_supply() const;

  /// The bytes for standard output. The caller removes them from the front.
  std::string& output() { return output_; }
  [[nodiscard]] const std::string& output() const { return output_; }

 private:
  void serve_requests();
  void answer(std::string_view status, bool keep_alive, std::string_view text);
  [[nodiscard]] bool is_http_server() const;

  const Options& options_;
  std::string pending_;
  std::size_t head_ = 0;              ///< bytes of pending_ that are already sent
  std::uint64_t pattern_offset_ = 0;  ///< the offset of the pattern after pending_
  std::uint64_t pattern_left_ = 0;
  bool ended_ = false;  ///< nothing follows pending_ and the rest of the pattern
  bool peer_ended_ = false;
  bool after_cr_ = false;
  HttpReader http_;
  std::string unparsed_;
  std::string output_;
};

}  // namespace lastbyte::sock
