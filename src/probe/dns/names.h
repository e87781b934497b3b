// All names that groups have, each looked up once for all of them, again and again by its TTL or timer. On the probe
// thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "probe/dns/answer.h"
#include "probe/dns/counts.h"
#include "upstream/lookups.h"
#include "upstream/terms/settings.h"

namespace lastbyte::probe::dns {

/// A name and the settings by which it is looked up. Equal ones are one entry.
struct NameKey {
  std::string host;
  bool srv = false;
  upstream::Names rules;

  friend bool operator==(const NameKey&, const NameKey&) = default;
};

/// What is known of a name.
struct NameState {
  NameKey key;
  std::vector<net::Address> addresses;       ///< of a name that is no SRV; port 0; families in turn
  std::vector<Service> services;             ///< of an SRV name
  bool answered = false;                     ///< at least one look-up has ended
  bool stale = false;                        ///< addresses and services are those of an earlier look-up than the last
  std::chrono::system_clock::time_point at;  ///< of the last look-up's end
  std::optional<Duration> ttl;               ///< that it told
  Duration until_next{0};                    ///< from `at`
  std::string error;                         ///< of the last look-up; empty: it found something
};

/// Keeps the name looked up. On the probe thread, what it points to changes with each look-up.
using SharedName = std::shared_ptr<const NameState>;

class NameTable {
 public:
  struct Callbacks {
    /// What an entry stands for is another. Not for its first answer's waiters, who are told by when_answered().
    std::function<void(const NameState&)> on_change;
    /// For the operator.
    std::function<void(std::string)> on_message;
  };
  struct Counts {
    std::uint64_t lookups = 0;
    std::uint64_t failed = 0;
  };

  NameTable(boost::asio::io_context& io, Callbacks callbacks);
  ~NameTable();
  NameTable(const NameTable&) = delete;
  NameTable& operator=(const NameTable&) = delete;

  /// The name is looked up as long as somebody holds it. A new one begins with what is known of the same name with
  /// other settings.
  SharedName get(const NameKey& key);
  /// Calls `done` once the name is answered: now, or later. Precondition: somebody holds it.
  void when_answered(const NameKey& key, std::function<void()> done);

  /// Gives back what was kept for names that nobody holds any more.
  void forget();

  [[nodiscard]] Counts counts() const;
  /// Each name that was ever looked up, in the order of their first look-ups.
  [[nodiscard]] std::vector<NameCounts> each() const;

  /// Names that have numbers of their own; all further ones are counted as "other".
  static constexpr std::size_t kMostCounted = 256;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::probe::dns
