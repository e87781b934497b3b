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

/// True where the daemon was built with a sanitizer, which has its own ideas of memory.
bool built_with_sanitizer();

/// Runs `lastbyte proxy`. At the end, in every test, it must stop at SIGTERM with status 0, with no socket left but
/// those of the start, and with nothing to complain of.
class Proxy {
 public:
  struct Options {
    Flags flags = {};         ///< win over those that the harness gives: 2 workers, records as JSON
    std::string config = {};  ///< YAML; instead of --listen and --connect
    std::string listen = "tcp:127.0.0.1:0";
    std::string transport = "tcp:";  ///< of an upstream that is no UNIX socket
    std::vector<int> passed_sockets = {};
    std::optional<rlim_t> descriptors = {};
  };

  explicit Proxy(const net::Address& upstream, const Flags& flags = {});
  Proxy(const net::Address& upstream, Options options);
  /// Checks the end, unless the test has stopped it.
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  /// Where the first listener, or another one, listens.
  [[nodiscard]] const net::Address& address(std::size_t index = 0) const { return addresses_.at(index); }
  Process& process() { return process_; }

  /// The file that Options::config was written to.
  [[nodiscard]] std::string config_path() const { return directory_.file("log.yaml"); }
  /// Where its records are, unless the test has them elsewhere.
  [[nodiscard]] std::string log_path() const { return directory_.file("log"); }
  /// Writes that file anew, sends SIGHUP, and waits for the last word on it; all that was said about this reload.
  std::string reload(const std::string& config);

  /// The records of the sessions that have ended, once there are `count`; the test fails where there are not.
  std::vector<Record> records(std::size_t count);
  /// The only one.
  Record record();
  /// The same as they were written.
  std::vector<std::string> lines(std::size_t count);
  /// What has been written, without waiting.
  [[nodiscard]] std::vector<Record> records_so_far() const;

  /// Until there are as many sessions open as that, as far as sockets tell.
  bool wait_for_sessions(std::size_t count);
  /// The sockets that it had at the start, before any session.
  [[nodiscard]] std::size_t sockets_at_start() const { return sockets_at_start_; }

  /// SIGTERM, and all that must hold at the end.
  void stop();
  /// The same for a test that has asked for the end itself, or that no longer wants the sockets to be counted.
  void expect_end(int status = 0);
  /// Nobody is to look for an end any more.
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
