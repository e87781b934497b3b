// A reload as the operator sees it: settings read and names looked up on a thread of their own, applied all or not at
// all, and told. The control thread's own.
#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "proxy/listen/listeners.h"
#include "proxy/process/operator_log.h"
#include "proxy/proxy.h"
#include "proxy/running.h"

namespace lastbyte::proxy {

class Reload {
 public:
  enum class Finished {
    reload_changed,
    reload_failed,  ///< nothing was changed, and failure() says why
    repeated,       ///< the running configuration was applied again, or that failed and changed nothing
  };
  /// Why nothing was changed; empty: it was.
  using Repeated = std::function<void(const std::string& failure)>;

  /// `finished`: called on the control thread after each reload, and after each repetition of the running
  /// configuration.
  Reload(boost::asio::io_context& io, Running& running, OperatorLog& messages, Source source,
         std::function<void(Finished)> finished);
  /// Waits for a reading under way, which the machine's resolver may hold up.
  ~Reload();
  Reload(const Reload&) = delete;
  Reload& operator=(const Reload&) = delete;

  /// A reload is wanted. While one is under way: one more after it, however often it is asked for.
  void ask();
  /// The running configuration is to be applied again, because an operator has given an order.
  void repeat(Repeated done);
  /// The process stops: nothing is changed any more.
  void no_more() { stopping_ = true; }
  /// The error of the last reload, in a line; empty: none.
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  /// The result of reading: settings and their addresses, or the errors.
  struct Reading {
    std::optional<config::Config> config;
    Resolution resolution;
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
  void tell(const Changes& changes, const config::Places& places);

  boost::asio::io_context& io_;
  Running& running_;
  OperatorLog& messages_;
  Source source_;
  std::function<void(Finished)> finished_;
  std::string failure_;
  std::thread thread_;
  bool under_way_ = false;
  bool again_ = false;
  Repeated repeated_;  ///< of what is under way; null: it is a reload
  std::deque<Repeated> to_repeat_;
  bool stopping_ = false;
};

}  // namespace lastbyte::proxy
