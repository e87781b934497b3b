// Asks DNS servers, by c-ares: over UDP, and over TCP if an answer was truncated. On the probe thread.
//
// c-ares asks one server after another and matches answers to questions. It does not read /etc/hosts and adds no search
// domain. message.h parses the answers, because the DNS reports more than c-ares does: the TTL of an SRV record, and
// how long a name is known not to exist.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/address/address.h"
#include "probe/dns/message.h"

namespace lastbyte::probe::dns {

class Channel {
 public:
  /// `servers`: empty for those of resolv.conf(5). `timeout`: for the whole look-up; each server gets a part of it.
  static Result<std::shared_ptr<Channel>> open(boost::asio::io_context& io, const std::vector<net::Address>& servers,
                                               Duration timeout);
  /// Drops the questions in progress without calling their `done`.
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// `done` is called later, never by ask() itself.
  void ask(const std::string& name, RecordType type, std::function<void(Message)> done);

  /// Returns whether resolv.conf(5) has changed since the channel was opened. Always false if servers were given.
  [[nodiscard]] bool is_outdated() const;

 private:
  class Impl;
  explicit Channel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::probe::dns
