// The tool, run in a thread of the test with pipes for its three streams, and raw sockets to play its peer.
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

/// How long anything may take before the test has failed; nothing is expected to come near it.
inline constexpr std::chrono::seconds patience{20};

struct Pipe {
  Descriptor read;
  Descriptor write;
};
Pipe make_pipe();

/// Reads a descriptor to its end in a thread of its own.
class Collector {
 public:
  explicit Collector(Descriptor source, bool at_once = true);
  ~Collector();
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  /// Where it was not to begin at once.
  void begin();
  [[nodiscard]] std::string text() const;
  /// True once the text holds `part`; false after `patience`, or when the text has ended without it.
  bool wait_for(std::string_view part) const;
  /// Waits for the end.
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

/// Who reads the tool's standard output: a reader, one that waits for read_output(), or none.
enum class Reader : std::uint8_t { present, late, absent };

/// One run of the tool. The test fails if the command line is wrong, or if the run is not over within `patience` of
/// status().
class Running {
 public:
  explicit Running(std::string_view line, Reader reader = Reader::present);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// To standard input; blocks while the pipe is full.
  void type(std::string_view text) const;
  /// Reader::late begins.
  void read_output() { output_.begin(); }
  void end_input() { input_pipe_.write.close(); }
  /// What the -v lines call "listening on": "127.0.0.1:43210". The line must have -v.
  [[nodiscard]] std::string address() const;
  /// The same as "127.0.0.1 43210": two operands.
  [[nodiscard]] std::string operands() const;
  [[nodiscard]] std::uint16_t port() const;

  /// What was written to standard output and error so far.
  [[nodiscard]] const Collector& output() const { return output_; }
  [[nodiscard]] const Collector& errors() const { return errors_; }

  void stop() const;
  /// Waits for the end and gives the exit status.
  int status();
  /// The whole standard output and error, after the end.
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

/// A blocking socket of the test's own, with a time limit of `patience` on each call.
Descriptor connect_raw(std::uint16_t port);
struct RawListener {
  Descriptor socket;
  std::uint16_t port = 0;
};
RawListener listen_raw(int backlog = 16);
Descriptor accept_raw(const RawListener& listener);
void send_raw(const Descriptor& socket, std::string_view bytes);
/// Everything until the end of file; an error's name is appended as "<ECONNRESET>".
std::string receive_all(const Descriptor& socket);
/// Exactly so many bytes, or fewer if it ended before.
std::string receive_some(const Descriptor& socket, std::size_t bytes);
/// close() with a RST.
void reset_raw(Descriptor& socket);

/// Bytes that look like nothing, the same each time.
std::string noise(std::size_t size);

}  // namespace lastbyte::sock::test
