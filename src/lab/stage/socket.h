// A TCP socket of one of the two hosts, whose calls are written down with their results.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "lab/terms/outcome.h"
#include "net/address/address.h"

namespace lastbyte::lab {

/// Results are told as text: the number that the call returned, or the errno's name. Non-blocking, unless said
/// otherwise; reading calls wait up to five seconds for something to come. One thread's at a time.
class Socket {
 public:
  Socket() = default;
  Socket(Stage& stage, Who who, Descriptor socket);
  Socket(Socket&&) noexcept = default;
  Socket& operator=(Socket&&) noexcept = default;
  /// Closes without a note: for what an experiment has no interest in.
  ~Socket() = default;

  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] Who who() const { return who_; }
  [[nodiscard]] bool open() const { return static_cast<bool>(socket_); }
  [[nodiscard]] net::Address local() const;
  [[nodiscard]] net::Address remote() const;

  std::string bind(const net::Address& at);
  std::string listen(int backlog = 16);
  /// Waits for the outcome: "0", "ECONNREFUSED". "EINPROGRESS" where none came in time. Time 0 does not
  /// look, so that the outcome is still to be fetched.
  std::string connect(const net::Address& to, int wait_ms = 5000);
  /// Until an attempt to connect that was on its way has succeeded or failed; false: not within five seconds.
  bool await_connected() const;
  /// Waits for a client; without one the result is closed.
  Socket accept();

  /// One call of send() with so many bytes.
  std::string send(std::size_t bytes, int flags = 0);
  /// The same with this text.
  std::string send_text(std::string_view text);
  /// Sends until the kernel takes no more; how many bytes it took.
  std::size_t fill();
  /// One call of recv(). With `wait`, once there is something.
  std::string recv(std::size_t bytes, int flags = 0, bool wait = true);
  /// Reads until the end: "1000 bytes, FIN", "0 bytes, ECONNRESET".
  std::string read_to_end(int wait_ms = 5000);
  std::string shutdown(int how);
  /// How long it took is in the note.
  std::string close();
  /// The same, and the time in milliseconds.
  double close_timed();

  std::string set(int level, int option, int value, const char* name);
  std::string linger(bool on, int seconds);
  void set_blocking(bool blocking);

  /// "ESTABLISHED", "CLOSE_WAIT", from TCP_INFO.
  [[nodiscard]] std::string state() const;
  /// The same as a note on the time line.
  std::string note_state();
  /// SO_ERROR, which takes it away: "0", "ECONNRESET".
  std::string pending_error();
  /// Bytes that lie unread, and bytes sent or waiting that the peer has not acknowledged.
  [[nodiscard]] int unread() const;
  [[nodiscard]] int unacknowledged() const;
  /// Until so many bytes lie unread; false: not within five seconds.
  bool wait_unread(int bytes) const;
  /// Until all is acknowledged.
  bool wait_acknowledged() const;
  /// Until poll(2) shows an end or an error; false: not within that time.
  bool wait_hangup(int wait_ms = 5000) const;

 private:
  template <typename Call>
  std::string noted(const std::string& what, Call call);

  Stage* stage_ = nullptr;
  Who who_ = Who::client;
  Descriptor socket_;
};

/// Several outcomes in the order of their calls, which that of the list is: "60, ECONNRESET, 0".
std::string in_order(std::initializer_list<std::string> outcomes);
/// "1000", or the errno's name for -1.
std::string outcome_of(long result);

}  // namespace lastbyte::lab
