// Selects and sorts open sessions for an operator. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "net/address/cidr.h"
#include "relay/terms/view.h"

namespace lastbyte::admin {

enum class SortBy : std::uint8_t { id, age, idle, received, rate, half_close_age, unacknowledged };

/// An address, a network, or any other text. Other text is compared with the whole text of the address.
struct AddressFilter {
  std::string text;
  std::optional<net::Cidr> network;

  [[nodiscard]] bool lets_through(const net::Address& address) const;
};

struct Selection {
  static constexpr std::size_t kMostAtOnce = 5000;

  std::optional<std::string> forwarding;
  std::optional<AddressFilter> client;
  std::optional<AddressFilter> upstream;
  std::optional<relay::Phase> phase;
  std::uint64_t after = 0;  ///< sessions with a larger number
  SortBy sort = SortBy::id;
  bool ascending = false;
  std::size_t limit = 100;
  std::size_t offset = 0;

  [[nodiscard]] bool lets_through(const relay::SessionView& view) const;
  /// Whether `a` comes before `b`. Sessions with equal keys are ordered by their numbers.
  [[nodiscard]] bool before(const relay::SessionView& a, const relay::SessionView& b) const;
};

/// Parses the parameters of a request. An error names the wrong parameter and what it expects.
tl::expected<Selection, std::string> parse_selection(const std::vector<std::pair<std::string, std::string>>& query);

/// Collects the first sessions of a selection among all that are added. Keeps at most twice the wanted number.
class Chosen {
 public:
  explicit Chosen(const Selection& selection) : selection_(selection) {}

  void add(relay::SessionView view);
  void add(Chosen other);
  /// Number of sessions that passed the filters.
  [[nodiscard]] std::size_t matched() const { return matched_; }
  /// Returns the page in its order.
  std::vector<relay::SessionView> page();

 private:
  void shrink();

  Selection selection_;
  std::vector<relay::SessionView> kept_;
  std::size_t matched_ = 0;
};

}  // namespace lastbyte::admin
