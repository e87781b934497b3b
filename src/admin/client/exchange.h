// One request to the administration and its answer, without blocking: for a loop that also reads a keyboard.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"

namespace lastbyte::admin {

struct Answer {
  int status = 0;
  std::string body;
};

struct ClientRequest {
  std::string method = "GET";
  std::string target = {};  ///< empty: no request
  std::string body = {};
};

/// Connects to the UNIX socket at `path`. EAGAIN: its queue of clients is full.
Result<Descriptor> connect_to_admin(const std::string& path);

/// Returns the request's text. It asks the instance to close the connection after the answer.
std::string text_of(const ClientRequest& request);

/// Parses everything that came until the connection ended. Fails if it is no complete answer.
Result<Answer> parse_answer(const std::string& path, std::string_view text);

class Exchange {
 public:
  /// A longer answer is an error.
  static constexpr std::size_t kMostBytes = std::size_t{64} * 1024 * 1024;

  static Result<Exchange> begin(const std::string& path, const ClientRequest& request);

  [[nodiscard]] int fd() const { return socket_.get(); }
  /// Returns the events to poll(2) for.
  [[nodiscard]] short events() const;
  /// Continues as far as possible without waiting. nullopt: the answer is incomplete so far.
  std::optional<Result<Answer>> go_on();

 private:
  Exchange(std::string path, Descriptor socket, std::string request)
      : path_(std::move(path)), socket_(std::move(socket)), unsent_(std::move(request)) {}

  std::string path_;
  Descriptor socket_;
  std::string unsent_;
  std::string received_;
};

}  // namespace lastbyte::admin
