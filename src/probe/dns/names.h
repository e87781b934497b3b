// All names that groups use. Each is looked up once for all groups, and again by its TTL or a timer. On the probe
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

/// A name and the settings of its look-ups. Equal keys share one entry.
struct NameKey {
  std::string host;
  bool srv = false;
  upstream::Names rules;

  friend bool operator==(const NameKey&, const NameKey&) = default;
};

/// What is known about a name.
struct NameState {
  NameKey key;
  std::vector<net::Address> addresses;       ///< of a name without SRV; port 0; the families alternate
  std::vector<Service> services;             ///< of an SRV name
  bool answered = false;                     ///< at least one look-up has ended
  bool stale = false;                        ///< addresses and services come from an earlier look-up than the last
  std::chrono::system_clock::time_point at;  ///< the end of the last look-up
  std::optional<Duration> ttl;               ///< of the last answer
  Duration until_next{0};                    ///< from `at`
  std::string error;                         ///< of the last look-up; empty: it succeeded
};

/// Holding it keeps the name looked up. On the probe thread, the object changes with each look-up.
using SharedName = std::shared_ptr<const NameState>;

class NameTable {
 public:
  struct Callbacks {
    /// The entry's addresses or services changed. For the first answer, when_answered() calls its waiters instead.
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

  /// Returns the entry of a name, which is looked up as long as anything holds it. A new entry starts with what is
  /// known about the same name with other settings.
  SharedName get(const NameKey& key);
  /// Calls `done` once the name has an answer: now or later. Precondition: something holds the name.
  void when_answered(const NameKey& key, std::function<void()> done);

  /// Frees the memory of names that nothing holds any more.
  void forget();

  [[nodiscard]] Counts counts() const;
  /// Returns every name that was ever looked up, in the order of the first look-ups.
  [[nodiscard]] std::vector<NameCounts> each() const;

  /// The number of names with counts of their own. All further names are counted as "other".
  static constexpr std::size_t kMostCounted = 256;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::probe::dns
