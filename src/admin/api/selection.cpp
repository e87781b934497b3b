#include "admin/api/selection.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>

namespace lastbyte::admin {
namespace {

using relay::SessionView;

/// Nobody pages through more than 200,000 sessions.
constexpr std::size_t kFarthest = 200'000;

constexpr std::array<std::pair<std::string_view, SortBy>, 7> kSorts{{{"id", SortBy::id},
                                                                     {"age", SortBy::age},
                                                                     {"idle", SortBy::idle},
                                                                     {"received", SortBy::received},
                                                                     {"rate", SortBy::rate},
                                                                     {"half_close_age", SortBy::half_close_age},
                                                                     {"unacknowledged", SortBy::unacknowledged}}};

/// Returns bytes per second since the session began.
double rate(const SessionView& view) {
  const double seconds = std::max(1e-6, std::chrono::duration<double>(view.age).count());
  return static_cast<double>(view.received()) / seconds;
}

double key(const SessionView& view, SortBy sort) {
  switch (sort) {
    case SortBy::id: return static_cast<double>(view.id);
    case SortBy::age: return static_cast<double>(view.age.count());
    case SortBy::idle: return static_cast<double>(view.idle.count());
    case SortBy::received: return static_cast<double>(view.received());
    case SortBy::rate: return rate(view);
    case SortBy::half_close_age: return view.half_close_age ? static_cast<double>(view.half_close_age->count()) : -1;
    case SortBy::unacknowledged: return static_cast<double>(view.unacknowledged());
  }
  return 0;
}

tl::unexpected<std::string> wrong(std::string_view name, std::string_view value, std::string_view expected) {
  return tl::unexpected(std::string(name) + ": '" + std::string(value) + "': expected " + std::string(expected));
}

std::optional<std::size_t> number(std::string_view text, std::size_t least, std::size_t most) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) return std::nullopt;
  return value;
}

AddressFilter filter(const std::string& text) {
  auto network = net::Cidr::parse(text);
  return {text, network ? std::optional(*network) : std::nullopt};
}

tl::expected<void, std::string> take(Selection& selection, const std::string& name, const std::string& value) {
  if (name == "forwarding") {
    selection.forwarding = value;
  } else if (name == "client") {
    selection.client = filter(value);
  } else if (name == "upstream") {
    selection.upstream = filter(value);
  } else if (name == "state") {
    const auto* found = std::ranges::find(relay::kPhaseWords, value);
    if (found == relay::kPhaseWords.end())
      return wrong(name, value, "connecting, open, half_closed, lingering or flushing");
    selection.phase = static_cast<relay::Phase>(found - relay::kPhaseWords.begin());
  } else if (name == "sort") {
    const auto* found = std::ranges::find(kSorts, value, [](const auto& each) { return each.first; });
    if (found == kSorts.end())
      return wrong(name, value, "id, age, idle, received, rate, half_close_age or unacknowledged");
    selection.sort = found->second;
  } else if (name == "order") {
    if (value != "asc" && value != "desc") return wrong(name, value, "asc or desc");
    selection.ascending = value == "asc";
  } else if (name == "limit") {
    const auto limit = number(value, 1, Selection::kMostAtOnce);
    if (!limit) return wrong(name, value, "1 to 5000");
    selection.limit = *limit;
  } else if (name == "offset") {
    const auto offset = number(value, 0, kFarthest);
    if (!offset) return wrong(name, value, "0 to 200000");
    selection.offset = *offset;
  } else if (name == "after") {
    const auto after = number(value, 0, std::numeric_limits<std::size_t>::max());
    if (!after) return wrong(name, value, "the number of a session");
    selection.after = *after;
  } else {
    return tl::unexpected("'" + name +
                          "': there is no such parameter; expected forwarding, client, upstream, state, after, sort, "
                          "order, limit or offset");
  }
  return {};
}

}  // namespace

bool AddressFilter::lets_through(const net::Address& address) const {
  if (network && network->contains(address)) return true;
  return address.text() == text;
}

bool Selection::lets_through(const SessionView& view) const {
  if (forwarding && (!view.forwarding || *view.forwarding != *forwarding)) return false;
  if (phase && view.phase != *phase) return false;
  if (view.id <= after) return false;
  if (client && !client->lets_through(view.client)) return false;
  return !upstream || upstream->lets_through(view.upstream);
}

bool Selection::before(const SessionView& a, const SessionView& b) const {
  const double first = key(a, sort);
  const double second = key(b, sort);
  if (first != second) return ascending ? first < second : first > second;
  return ascending ? a.id < b.id : a.id > b.id;
}

tl::expected<Selection, std::string> parse_selection(const std::vector<std::pair<std::string, std::string>>& query) {
  Selection selection;
  for (const auto& [name, value] : query)
    if (auto taken = take(selection, name, value); !taken) return tl::unexpected(std::move(taken.error()));
  return selection;
}

void Chosen::add(SessionView view) {
  if (!selection_.lets_through(view)) return;
  ++matched_;
  kept_.push_back(std::move(view));
  if (kept_.size() >= 2 * (selection_.offset + selection_.limit) + 64) shrink();
}

void Chosen::add(Chosen other) {
  matched_ += other.matched_;
  std::ranges::move(other.kept_, std::back_inserter(kept_));
}

void Chosen::shrink() {
  const std::size_t wanted = std::min(selection_.offset + selection_.limit, kept_.size());
  std::nth_element(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(wanted), kept_.end(),
                   [this](const SessionView& a, const SessionView& b) { return selection_.before(a, b); });
  kept_.resize(wanted);
}

std::vector<SessionView> Chosen::page() {
  std::ranges::sort(kept_, [this](const SessionView& a, const SessionView& b) { return selection_.before(a, b); });
  const std::size_t from = std::min(selection_.offset, kept_.size());
  const std::size_t to = std::min(from + selection_.limit, kept_.size());
  return {std::make_move_iterator(kept_.begin() + static_cast<std::ptrdiff_t>(from)),
          std::make_move_iterator(kept_.begin() + static_cast<std::ptrdiff_t>(to))};
}

}  // namespace lastbyte::admin
