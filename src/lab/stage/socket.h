// A TCP socket on one of the two hosts. It records each call with its result.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "lab/terms/outcome.h"
#include "net/address/address.h"

namespace lastbyte::lab {

/// Results are text: the number that the call returned, or the errno's name. The socket is non-blocking unless set
/// otherwise. Reading calls wait up to five seconds for data. For one thread at a time.
class Socket {
 public:
  Socket() = default;
  Socket(Stage& stage, Who who, Descriptor socket);
  Socket(Socket&&) noexcept = default;
  Socket& operator=(Socket&&) noexcept = default;
  /// Closes without a note.
  ~Socket() = default;

  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] Who who() const { return who_; }
  [[nodiscard]] bool open() const { return static_cast<bool>(socket_); }
  [[nodiscard]] net::Address local() const;
  [[nodiscard]] net::Address remote() const;

  std::string bind(const net::Address& at);
  std::string listen(int backlog = 16);
  /// Waits for the outcome: "0", "ECONNREFUSED"; "EINPROGRESS" if none came in time. With `wait_ms` 0 it leaves the
  /// outcome for a later call.
  std::string connect(const net::Address& to, int wait_ms = 5000);
  /// Waits until a pending connect() has succeeded or failed. Returns false after five seconds.
  bool await_connected() const;
  /// Waits for a client. Without one, the result is a closed socket.
  Socket accept();

  /// Calls send() once with `bytes` bytes.
  std::string send(std::size_t bytes, int flags = 0);
  /// Calls send() once with this text.
  std::string send_text(std::string_view text);
  /// Sends until the kernel takes no more. Returns the number of bytes that it took.
  std::size_t fill();
  /// Calls recv() once. With `wait`, it waits for data first.
  std::string recv(std::size_t bytes, int flags = 0, bool wait = true);
  /// Reads until the end: "1000 bytes, FIN", "0 bytes, ECONNRESET".
  std::string read_to_end(int wait_ms = 5000);
  std::string shutdown(int how);
  /// Closes. The note has the time that it took.
  std::string close();
  /// Closes. Returns the time that it took, in milliseconds.
  double close_timed();

  std::string set(int level, int option, int value, const char* name);
  std::string linger(bool on, int seconds);
  void set_blocking(bool blocking);

  /// Returns TCP_INFO's state: "ESTABLISHED", "CLOSE_WAIT".
  [[nodiscard]] std::string state() const;
  /// Returns the state and notes it on the time line.
  std::string note_state();
  /// Returns and clears SO_ERROR: "0", "ECONNRESET".
  std::string pending_error();
  /// Bytes received but unread, and bytes sent or waiting that the peer has not acknowledged.
  [[nodiscard]] int unread() const;
  [[nodiscard]] int unacknowledged() const;
  /// Waits until `bytes` bytes are unread. Returns false after five seconds.
  bool wait_unread(int bytes) const;
  /// Waits until the peer has acknowledged everything.
  bool wait_acknowledged() const;
  /// Waits until poll(2) reports an end or an error. Returns false after `wait_ms`.
  bool wait_hangup(int wait_ms = 5000) const;

 private:
  template <typename Call>
  std::string noted(const std::string& what, Call call);

  Stage* stage_ = nullptr;
  Who who_ = Who::client;
  Descriptor socket_;
};

/// Joins outcomes of calls: "60, ECONNRESET, 0". An initializer list evaluates them in order.
std::string in_order(std::initializer_list<std::string> outcomes);
/// Returns "1000", or the errno's name for -1.
std::string outcome_of(long result);

}  // namespace lastbyte::lab
