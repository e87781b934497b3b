// Look-ups of names for groups: by the machine's resolver or by the DNS, each with a deadline. On the probe thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "probe/dns/answer.h"

namespace lastbyte::probe::dns {

class Lookups {
 public:
  using Done = std::function<void(Answer)>;

  explicit Lookups(boost::asio::io_context& io);
  /// Drops the look-ups in progress without calling their `done`.
  ~Lookups();
  Lookups(const Lookups&) = delete;
  Lookups& operator=(const Lookups&) = delete;

  /// Answers within Name::timeout. `done` is called later, never by start() itself.
  void start(const Name& name, Done done);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::probe::dns
