// A reload as the operator sees it: settings read and names looked up on a thread of their own, applied all or not at
// all, and told. The control thread's own.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <thread>
#include <vector>

#include "proxy/listeners.h"
#include "proxy/operator_log.h"
#include "proxy/proxy.h"
#include "proxy/running.h"

namespace lastbyte::proxy {

class Reload {
 public:
  /// `applied`: called on the control thread after a reload that has changed what is running.
  Reload(boost::asio::io_context& io, Running& running, OperatorLog& messages, Source source,
         std::function<void()> applied);
  /// Waits for a reading under way, which the machine's resolver may hold up.
  ~Reload();
  Reload(const Reload&) = delete;
  Reload& operator=(const Reload&) = delete;

  /// A reload is wanted. While one is under way: one more after it, however often it is asked for.
  void ask();
  /// The process stops: nothing is changed any more.
  void no_more() { stopping_ = true; }

 private:
  /// What was read: settings and their addresses, or what is wrong.
  struct Reading {
    std::optional<config::Config> config;
    std::vector<Resolved> resolved;
    std::vector<std::string> problems;
    std::vector<std::string> warnings;
  };

  static Reading read(const Source& source, Insides& insides);
  void begin();
  void finish(Reading reading);
  void apply(Reading reading);
  void tell(const Changes& changes);

  boost::asio::io_context& io_;
  Running& running_;
  OperatorLog& messages_;
  Source source_;
  std::function<void()> applied_;
  std::thread thread_;
  bool under_way_ = false;
  bool again_ = false;
  bool stopping_ = false;
};

}  // namespace lastbyte::proxy
