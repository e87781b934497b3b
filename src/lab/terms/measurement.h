// What an experiment counted, and how sure that makes one. Pure.
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

/// Where the true share lies with 95 % confidence when `hits` of `of` were counted (E. B. Wilson, 1927). 0 to 1 for of
/// = 0.
Interval wilson(std::uint64_t hits, std::uint64_t of);

/// Trials of one kind.
struct Tally {
  std::uint64_t of = 0;
  std::uint64_t bad = 0;
  std::map<std::string, std::uint64_t> ways = {};  ///< of the bad ones: how they ended, as the client saw it

  void add(bool good, const std::string& way);
  void add(const Tally& other);
  [[nodiscard]] double share() const { return of == 0 ? 0 : static_cast<double>(bad) / static_cast<double>(of); }
  [[nodiscard]] Interval interval() const { return wilson(bad, of); }
  /// "none", "each", "some", as tables of expectations have it.
  [[nodiscard]] std::string_view word() const;
};

/// What was tried on one system.
struct Series {
  std::string name;
  std::vector<Tally> by_kind;  ///< as Measurement::kinds
  std::string trouble = {};    ///< why it could not be tried; empty: it was

  [[nodiscard]] Tally all() const;
};

struct Kind {
  std::string name;
  std::string why;  ///< why trials of this kind end badly where they do
};

struct Measurement {
  std::string title;  ///< of the share: "Requests that end badly"
  std::string again;  ///< the command that measures it again
  std::vector<Kind> kinds = {};
  std::vector<Series> series = {};
};

}  // namespace lastbyte::lab
