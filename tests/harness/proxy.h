// The daemon under test, as its users start it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/address/address.h"
#include "tests/harness/process.h"
#include "tests/harness/record.h"

namespace lastbyte::system_test {

using Flags = std::vector<std::string>;

/// Whether the daemon was built with a sanitizer, which changes its use of memory.
bool built_with_sanitizer();

/// Runs `lastbyte proxy`. At the end of every test it must stop at SIGTERM with status 0, have no more sockets than at
/// its start, and report no error.
class Proxy {
 public:
  struct Options {
    Flags flags = {};         ///< they override the harness's own flags: 2 workers, records as JSON
    std::string config = {};  ///< YAML, in place of --listen and --connect
    std::string listen = "tcp:127.0.0.1:0";
    std::string transport = "tcp:";  ///< of an upstream that is no UNIX socket
    std::vector<int> passed_sockets = {};
    std::optional<rlim_t> descriptors = {};
  };

  explicit Proxy(const net::Address& upstream, const Flags& flags = {});
  Proxy(const net::Address& upstream, Options options);
  /// Checks the end, unless the test has stopped the daemon.
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  /// The address of the first listener, or of another one.
  [[nodiscard]] const net::Address& address(std::size_t index = 0) const { return addresses_.at(index); }
  Process& process() { return process_; }

  /// The file with Options::config.
  [[nodiscard]] std::string config_path() const { return directory_.file("log.yaml"); }
  /// The file with its records, unless the test chose another one.
  [[nodiscard]] std::string log_path() const { return directory_.file("log"); }
  /// Rewrites that file, sends SIGHUP, and waits for the reload's last message. Returns all messages about this reload.
  std::string reload(const std::string& config);

  /// Waits for `count` records of ended sessions and returns them. The test fails if they do not come.
  std::vector<Record> records(std::size_t count);
  /// Returns the record of the only session.
  Record record();
  /// As records(), but as they were written.
  std::vector<std::string> lines(std::size_t count);
  /// Returns the records written so far, without waiting.
  [[nodiscard]] std::vector<Record> records_so_far() const;

  /// Waits until `count` sessions are open, judged by the number of sockets.
  bool wait_for_sessions(std::size_t count);
  /// Its sockets at the start, before any session.
  [[nodiscard]] std::size_t sockets_at_start() const { return sockets_at_start_; }

  /// Sends SIGTERM and checks everything that must hold at the end.
  void stop();
  /// Checks the end for a test that has caused it, or that does not want the sockets counted.
  void expect_end(int status = 0);
  /// Makes the destructor check nothing.
  void abandon() { watched_ = false; }

 private:
  static Command command(const net::Address& upstream, const Options& options, const std::string& log);
  void await_start();

  TemporaryDirectory directory_;
  Process process_;
  std::vector<net::Address> addresses_;
  std::size_t sockets_at_start_ = 0;
  std::size_t told_ = 0;  ///< bytes of standard error that belong to earlier reloads
  bool watched_ = true;
};

}  // namespace lastbyte::system_test
