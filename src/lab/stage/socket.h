// A TCP socket on one of the two hosts. It records each call with its result.
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/time.h"
#include "lab/terms/outcome.h"
#include "net/address/address.h"

namespace lastbyte::lab {

/// The limit of every wait for something that comes by itself, on a machine under load too.
inline constexpr Duration kStagePatience{15'000};
inline constexpr int kStagePatienceMs = static_cast<int>(kStagePatience.count());

/// Results are text: the number that the call returned, or the errno's name. The socket is non-blocking unless set
/// otherwise. Reading calls wait up to kStagePatience for data. For one thread at a time.
class Socket {
 public:
  Socket() = default;
  Socket(Stage& stage, Who who, Descriptor socket);
  Socket(Socket&&) noexcept = default;
  Socket& operator=(Socket&& other) noexcept;
  /// Closes without a note.
  ~Socket();

  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] Who who() const { return who_; }
  [[nodiscard]] bool open() const { return static_cast<bool>(socket_); }
  [[nodiscard]] net::Address local() const;
  [[nodiscard]] net::Address remote() const;

  std::string bind(const net::Address& at);
  std::string listen(int backlog = 16);
  /// Waits for the outcome: "0", "ECONNREFUSED"; "EINPROGRESS" if none came in time. With `wait_ms` 0 it leaves the
  /// outcome for a later call.
  std::string connect(const net::Address& to, int wait_ms = kStagePatienceMs);
  /// Waits until a pending connect() has succeeded or failed. Returns false after kStagePatience.
  bool await_connected() const;
  /// Waits for a client. Without one, the result is a closed socket.
  Socket accept();

  /// Calls send() once with `bytes` bytes.
  std::string send(std::size_t bytes, int flags = 0);
  /// Calls send() once with this text.
  std::string send_text(std::string_view text);
  /// Sends until the kernel takes no more and everything that is on its way is acknowledged. Returns the number of
  /// bytes that the kernel took.
  std::size_t fill();
  /// Calls recv() once. With `wait`, it waits for data first.
  std::string recv(std::size_t bytes, int flags = 0, bool wait = true);
  /// Reads until the end: "1000 bytes, FIN", "0 bytes, ECONNRESET".
  std::string read_to_end(int wait_ms = kStagePatienceMs);
  /// The same for a peer that has sent so many bytes: `wait_ms` is for what follows them.
  std::string read_sent_to_end(std::size_t sent, int wait_ms);
  std::string shutdown(int how);
  /// Closes. The note has the time that it took.
  std::string close();
  /// Closes. Returns the time that it took, in milliseconds. Calls `right_before` when only close() itself is left.
  double close_timed(const std::function<void()>& right_before);

  std::string set(int level, int option, int value, const char* name);
  std::string linger(bool on, int seconds);
  void set_blocking(bool blocking);
  /// From now on it hears no segment without data: no acknowledgement alone, no FIN, no reset.
  void hear_data_alone();

  /// Returns TCP_INFO's state: "ESTABLISHED", "CLOSE_WAIT".
  [[nodiscard]] std::string state() const;
  /// Returns the state and notes it on the time line.
  std::string note_state();
  /// Returns and clears SO_ERROR: "0", "ECONNRESET".
  std::string pending_error();
  /// Bytes received but unread, and bytes sent or waiting that the peer has not acknowledged.
  [[nodiscard]] int unread() const;
  [[nodiscard]] int unacknowledged() const;
  /// Waits until `bytes` bytes are unread. Returns false after kStagePatience.
  bool wait_unread(int bytes) const;
  /// Waits until the peer has acknowledged everything.
  bool wait_acknowledged() const;
  /// Waits until poll(2) reports an end or an error. Returns false after `wait_ms`.
  bool wait_hangup(int wait_ms = kStagePatienceMs) const;
  /// Waits until a reset has arrived: TCP then closes the socket by itself (net/ipv4/tcp_input.c tcp_reset). Returns
  /// false after kStagePatience.
  bool wait_reset() const;

 private:
  std::string read_to_end(std::size_t sure, int wait_ms);
  double close_timed(const std::function<void()>& right_before, std::string& outcome);
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
