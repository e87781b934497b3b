// Runs the tool in a thread of the test, with pipes for its three streams, and plays its peer with raw sockets.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/descriptor.h"
#include "sock/command/sock.h"

namespace lastbyte::sock::test {

/// How long anything may take before the test fails. Nothing should come near it.
inline constexpr std::chrono::seconds patience{20};

struct Pipe {
  Descriptor read;
  Descriptor write;
};
Pipe make_pipe();

/// Reads a descriptor to its end, in a thread.
class Collector {
 public:
  explicit Collector(Descriptor source, bool at_once = true);
  ~Collector();
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  /// Begins to read, if the constructor did not.
  void begin();
  [[nodiscard]] std::string text() const;
  /// Returns true when the text contains `part`; false after `patience`, or if the text ends without it.
  bool wait_for(std::string_view part) const;
  /// Waits for the end and returns the text.
  [[nodiscard]] std::string whole() const;

 private:
  void collect();

  Descriptor source_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::string text_;
  bool begun_;
  bool ended_ = false;
  std::thread thread_;
};

/// The reader of the tool's standard output: one that reads, one that waits for read_output(), or none.
enum class Reader : std::uint8_t { present, late, absent };

/// One run of the tool. The test fails if the command line is wrong, or if the run does not end within `patience` of
/// status().
class Running {
 public:
  explicit Running(std::string_view line, Reader reader = Reader::present);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// Writes to standard input. Blocks while the pipe is full.
  void type(std::string_view text) const;
  /// Begins to read, for Reader::late.
  void read_output() { output_.begin(); }
  void end_input() { input_pipe_.write.close(); }
  /// Returns the address after "listening on" in the -v lines: "127.0.0.1:43210". The command line must have -v.
  [[nodiscard]] std::string address() const;
  /// Returns the same address as two operands: "127.0.0.1 43210".
  [[nodiscard]] std::string operands() const;
  [[nodiscard]] std::uint16_t port() const;

  /// The standard output and error so far.
  [[nodiscard]] const Collector& output() const { return output_; }
  [[nodiscard]] const Collector& errors() const { return errors_; }

  void stop() const;
  /// Waits for the end and returns the exit status.
  int status();
  /// The whole standard output and error. Call them after the end.
  std::string whole_output();
  std::string whole_errors();

 private:
  void work(const Options& options);

  Pipe input_pipe_ = make_pipe();
  Pipe output_pipe_ = make_pipe();
  Pipe errors_pipe_ = make_pipe();
  Descriptor stop_;
  Collector output_;
  Collector errors_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool over_ = false;
  int status_ = -1;
  std::thread thread_;
};

/// Returns a blocking socket of the test, with a time limit of `patience` on each call.
Descriptor connect_raw(std::uint16_t port);
struct RawListener {
  Descriptor socket;
  std::uint16_t port = 0;
};
RawListener listen_raw(int backlog = 16);
Descriptor accept_raw(const RawListener& listener);
void send_raw(const Descriptor& socket, std::string_view bytes);
/// Reads to the end of file. Appends an error's name as "<ECONNRESET>".
std::string receive_all(const Descriptor& socket);
/// Reads that number of bytes, or fewer if the connection ends earlier.
std::string receive_some(const Descriptor& socket, std::size_t bytes);
/// Calls close() so that it sends a RST.
void reset_raw(Descriptor& socket);

/// Returns bytes without a pattern, the same each time.
std::string noise(std::size_t size);

}  // namespace lastbyte::sock::test
