// An experiment's counts, and their certainty. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lastbyte::lab {

struct Interval {
  double low = 0;
  double high = 0;
};

/// Returns the interval in which the true share lies with 95 % confidence, after `hits` of `of` (E. B. Wilson, 1927).
/// Returns 0 to 1 if `of` is 0.
Interval wilson(std::uint64_t hits, std::uint64_t of);

/// Trials of one kind.
struct Tally {
  std::uint64_t of = 0;
  std::uint64_t bad = 0;
  std::map<std::string, std::uint64_t> ways = {};  ///< how the bad ones ended, as the client saw it

  void add(bool good, const std::string& way);
  void add(const Tally& other);
  [[nodiscard]] double share() const { return of == 0 ? 0 : static_cast<double>(bad) / static_cast<double>(of); }
  [[nodiscard]] Interval interval() const { return wilson(bad, of); }
  /// Returns "none", "each" or "some", as in the tables of expectations.
  [[nodiscard]] std::string_view word() const;
};

/// The trials on one system.
struct Series {
  std::string name;
  std::vector<Tally> by_kind;  ///< in the order of Measurement::kinds
  std::string trouble = {};    ///< why it could not be tried; empty: it was tried

  [[nodiscard]] Tally all() const;
};

struct Kind {
  std::string name;
  std::string why;  ///< why trials of this kind can end badly
};

struct Measurement {
  std::string title;  ///< the share's title: "Requests that end badly"
  std::string again;  ///< the command that repeats the measurement
  std::vector<Kind> kinds = {};
  std::vector<Series> series = {};
};

}  // namespace lastbyte::lab
