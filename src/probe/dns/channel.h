// Questions to DNS servers, by c-ares: UDP, and TCP where an answer was truncated. On the probe thread.
//
// c-ares asks one server after the other and matches answers to questions. It does not look into /etc/hosts, and adds
// no search domain. What an answer says is read by message.h, because the DNS tells more than c-ares hands on: the TTL
// of an SRV record, and how long it holds that a name does not exist.
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
  /// `servers`: empty for those of resolv.conf(5). `timeout`: of one look-up in all; a server has a part of it.
  static Result<std::shared_ptr<Channel>> open(boost::asio::io_context& io, const std::vector<net::Address>& servers,
                                               Duration timeout);
  /// Questions under way are dropped; their `done` is not called.
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// `done` is called later, never from here.
  void ask(const std::string& name, RecordType type, std::function<void(Message)> done);

  /// Whether resolv.conf(5) is another file than when the channel was opened. Never where servers were given.
  [[nodiscard]] bool is_outdated() const;

 private:
  class Impl;
  explicit Channel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::probe::dns
