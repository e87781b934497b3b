// A reload. It reads settings and looks up names on its own thread, applies all changes or none, and reports them to
// the operator. On the control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "observe/log/record_log.h"
#include "proxy/listen/listeners.h"
#include "proxy/logs.h"
#include "proxy/process/operator_log.h"
#include "proxy/proxy.h"
#include "proxy/running.h"

namespace lastbyte::proxy {

class Reload {
 public:
  enum class Finished {
    reload_changed,
    reload_failed,  ///< nothing was changed; failure() contains the reason
    repeated,       ///< the running configuration was applied again, or that failed and changed nothing
  };
  /// `failure`: why nothing was changed; empty: it succeeded.
  using Repeated = std::function<void(const std::string& failure)>;

  /// `finished` is called on the control thread after each reload, and after each repetition of the running
  /// configuration.
  Reload(boost::asio::io_context& io, Running& running, observe::RecordLog& log, OperatorLog& messages, Source source,
         std::function<void(Finished)> finished);
  /// Waits for a reading in progress, which the machine's resolver may delay.
  ~Reload();
  Reload(const Reload&) = delete;
  Reload& operator=(const Reload&) = delete;

  /// Requests a reload. Any number of requests during a reload cause one more after it.
  void ask();
  /// Applies the running configuration again, after an operator's order.
  void repeat(Repeated done);
  /// The process stops: no more changes.
  void no_more() { stopping_ = true; }
  /// Returns the error of the last reload in one line; empty: none.
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  /// The result of reading: settings, their addresses and what logs they take, or the errors.
  struct Reading {
    std::optional<config::Config> config;
    Resolution resolution;
    LogTargets logs;
    config::Places places;
    std::vector<observe::Statement> problems;
    std::vector<observe::Statement> warnings;
  };

  static Reading read(const Source& source, Running& running);
  void begin();
  void start(Source source, Repeated repeated);
  void finish(Reading reading);
  void apply(Reading reading);
  std::string apply_again(Reading reading);
  void change_logs(LogTargets logs);
  void tell(const Changes& changes, const config::Places& places);

  boost::asio::io_context& io_;
  Running& running_;
  observe::RecordLog& log_;
  OperatorLog& messages_;
  Source source_;
  std::function<void(Finished)> finished_;
  std::string failure_;
  std::thread thread_;
  bool under_way_ = false;
  bool again_ = false;
  Repeated repeated_;  ///< of the operation in progress; null: it is a reload
  std::deque<Repeated> to_repeat_;
  bool stopping_ = false;
};

}  // namespace lastbyte::proxy
