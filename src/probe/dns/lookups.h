// Look-ups of names as a group asks for them: by the machine's resolver or by the DNS, with one deadline each. On the
// probe thread.
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
  /// Look-ups under way are dropped; their `done` is not called.
  ~Lookups();
  Lookups(const Lookups&) = delete;
  Lookups& operator=(const Lookups&) = delete;

  /// Answers within Name::timeout. `done` is called later, never from here.
  void start(const Name& name, Done done);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::probe::dns
