#include "probe/dns/names.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <iterator>
#include <random>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/overloaded.h"
#include "base/text.h"
#include "probe/dns/lookups.h"
#include "upstream/address_order.h"

namespace lastbyte::probe::dns {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

std::string listed(const std::vector<net::Address>& addresses, bool with_ports) {
  std::string out;
  for (const net::Address& each : addresses)
    out += (out.empty() ? "" : ", ") + (with_ports ? each.text() : each.ip_text());
  return out.empty() ? "no address" : out;
}

std::vector<net::Address> all_addresses(const std::vector<Service>& services) {
  std::vector<net::Address> all;
  for (const Service& each : services) all.insert(all.end(), each.addresses.begin(), each.addresses.end());
  return all;
}

/// Compares without regard to order, because servers rotate their answers.
bool same_services(std::vector<Service> one, std::vector<Service> other) {
  const auto order = [](const Service& a, const Service& b) {
    return std::tie(a.target.host, a.target.port) < std::tie(b.target.host, b.target.port);
  };
  const auto by_text = [](const net::Address& a, const net::Address& b) { return a.text() < b.text(); };
  for (auto* list : {&one, &other}) {
    std::ranges::sort(*list, order);
    for (Service& each : *list) std::ranges::sort(each.addresses, by_text);
  }
  return one == other;
}

}  // namespace

class NameTable::Impl {
 public:
  Impl(asio::io_context& io, Callbacks callbacks) : io_(io), callbacks_(std::move(callbacks)), lookups_(io) {}

  class Entry : public std::enable_shared_from_this<Entry> {
   public:
    Entry(Impl& table, NameKey key) : table_(table), timer_(table.io_) { state_.key = std::move(key); }

    [[nodiscard]] std::size_t addresses() const {
      return key().srv ? all_addresses(state_.services).size() : state_.addresses.size();
    }
    [[nodiscard]] const std::optional<std::chrono::system_clock::time_point>& found_at() const { return found_at_; }

    [[nodiscard]] const NameState& state() const { return state_; }
    [[nodiscard]] const NameKey& key() const { return state_.key; }

    void inherit(const Entry& from) {
      NameKey own = std::move(state_.key);
      state_ = from.state_;
      state_.key = std::move(own);
      known_ = from.known_;
      found_at_ = from.found_at_;
      state_.addresses = upstream::interleaved(known_.addresses(), rules().family);
    }

    void look_up() {
      const auto resolver = key().srv ? upstream::Resolver::dns : rules().resolver;
      const Name name{key().host, key().srv, resolver, rules().family, rules().timeout, rules().servers};
      table_.lookups_.start(name, [weak = weak_from_this()](Answer answer) {
        if (const auto self = weak.lock()) self->take(std::move(answer));
      });
    }

    void when_answered(std::function<void()> done) {
      if (state_.answered) return done();
      waiting_.push_back(std::move(done));
    }

   private:
    [[nodiscard]] const upstream::Names& rules() const { return state_.key.rules; }

    void take(Answer answer) {
      const TimePoint now = Clock::now();
      ++table_.counts_.lookups;
      state_.at = std::chrono::system_clock::now();
      const bool first = !std::exchange(state_.answered, true);
      const bool changed = std::visit(Overloaded{[&](Found& found) { return take_found(std::move(found), now); },
                                                 [&](const NotFound& none) { return take_none(none, now, first); }},
                                      answer);
      state_.stale = known_.is_stale();
      state_.until_next = std::chrono::duration_cast<Duration>(known_.next_look_up() - now);
      arm();
      if (changed && !first) tell_change();
      for (const auto& done : std::exchange(waiting_, {})) done();
      if (changed) table_.callbacks_.on_change(state_);
    }

    bool take_found(Found found, TimePoint now) {
      if (!std::exchange(state_.error, {}).empty() && told_failure_) tell("resolves again");
      told_failure_ = false;
      state_.ttl = found.ttl;
      found_at_ = state_.at;
      ++table_.counts_of(key().host).found;
      before_ = text();
      if (key().srv) {
        keep_failed(found.services);
        const bool changed = !same_services(state_.services, found.services);
        known_.take({upstream::LookUp::found, all_addresses(found.services), found.ttl}, rules(), now);
        if (changed) state_.services = std::move(found.services);
        return changed;
      }
      // The other family was answered. The known addresses of this family stay valid.
      if (found.failed_family)
        std::ranges::copy_if(known_.addresses(), std::back_inserter(found.addresses),
                             [&](const net::Address& each) { return each.family() == *found.failed_family; });
      if (!known_.take({upstream::LookUp::found, std::move(found.addresses), found.ttl}, rules(), now)) return false;
      state_.addresses = upstream::interleaved(known_.addresses(), rules().family);
      return true;
    }

    /// A target whose own look-up failed keeps its known addresses.
    void keep_failed(std::vector<Service>& services) const {
      for (Service& each : services) {
        if (!std::exchange(each.failed, false)) continue;
        const auto known = std::ranges::find(state_.services, each.target, &Service::target);
        if (known != state_.services.end()) each.addresses = known->addresses;
      }
      std::erase_if(services, [](const Service& each) { return each.addresses.empty(); });
    }

    bool take_none(const NotFound& none, TimePoint now, bool first) {
      ++table_.counts_.failed;
      ++table_.counts_of(key().host).failed;
      state_.error = none.error;
      state_.ttl = none.ttl;
      before_ = text();
      const auto outcome = none.definite ? upstream::LookUp::missing : upstream::LookUp::failed;
      const bool changed = known_.take({outcome, {}, none.ttl}, rules(), now);
      if (changed) emptied();
      // first_lookups() reports the failure of the first look-up itself.
      if (!std::exchange(told_failure_, true) && !first)
        tell("does not resolve: " + state_.error + (known_.addresses().empty() ? "" : "; its addresses are kept"));
      return changed;
    }

    void emptied() {
      state_.addresses.clear();
      state_.services.clear();
    }

    void arm() {
      // Delay each look-up by up to a twentieth of its time, so that names that were looked up together spread.
      const auto left = std::chrono::duration_cast<Duration>(known_.next_look_up() - Clock::now());
      const TimePoint next = known_.next_look_up() + left / 20 * (table_.random_() % 1000) / 1000;
      const auto expires = known_.expires(rules());
      timer_.expires_at(expires ? std::min(next, *expires) : next);
      timer_.async_wait([weak = weak_from_this(), next](const error_code& error) {
        const auto self = weak.lock();
        if (error || !self) return;
        if (Clock::now() >= next) return self->look_up();
        self->expire();
      });
    }

    void expire() {
      before_ = text();
      if (known_.expire(rules(), Clock::now())) {
        emptied();
        state_.stale = false;
        tell_change();
        table_.callbacks_.on_change(state_);
      }
      arm();
    }

    [[nodiscard]] std::string text() const {
      return key().srv ? listed(all_addresses(state_.services), true) : listed(state_.addresses, false);
    }

    void tell_change() {
      const std::string ttl = state_.ttl ? " (TTL " + std::to_string(state_.ttl->count() / 1000) + " s)" : "";
      tell("now has " + text() + ttl + ", was " + before_);
    }

    void tell(const std::string& what) { table_.callbacks_.on_message("name " + printable(key().host) + " " + what); }

    Impl& table_;
    NameState state_;
    asio::steady_timer timer_;
    upstream::KnownName known_;
    std::vector<std::function<void()>> waiting_;
    bool told_failure_ = false;
    std::optional<std::chrono::system_clock::time_point> found_at_;  ///< when a look-up last found something
    std::string before_;                                             ///< the addresses before the current change
  };

  SharedName get(const NameKey& key) {
    auto& same_host = entries_[key.host];
    std::erase_if(same_host, [](const std::weak_ptr<Entry>& each) { return each.expired(); });
    std::shared_ptr<Entry> like;
    for (const auto& each : same_host) {
      auto entry = each.lock();
      if (entry->key() == key) return shared(entry);
      if (entry->key().srv == key.srv) like = std::move(entry);
    }
    auto entry = std::make_shared<Entry>(*this, key);
    if (like) entry->inherit(*like);
    same_host.push_back(entry);
    entry->look_up();
    return shared(entry);
  }

  void when_answered(const NameKey& key, std::function<void()> done) {
    for (const auto& each : entries_[key.host])
      if (const auto entry = each.lock(); entry && entry->key() == key) return entry->when_answered(std::move(done));
  }

  /// Removes names that nothing holds any more.
  void forget() {
    std::erase_if(entries_, [](const auto& each) {
      return std::ranges::all_of(each.second, [](const std::weak_ptr<Entry>& entry) { return entry.expired(); });
    });
  }

  [[nodiscard]] Counts counts() const { return counts_; }

  [[nodiscard]] std::vector<NameCounts> each() const {
    std::vector<NameCounts> all = by_name_;
    for (NameCounts& name : all) {
      const auto found = entries_.find(name.name);
      if (found == entries_.end()) continue;
      for (const auto& each : found->second)
        if (const auto entry = each.lock()) add(name.now, *entry);
    }
    return all;
  }

 private:
  /// Several settings may look up one name. The best result counts.
  static void add(std::optional<KnownNow>& now, const Entry& entry) {
    if (!now) now.emplace();
    now->addresses = std::max(now->addresses, entry.addresses());
    now->found_at = std::max(now->found_at, entry.found_at());
  }

  NameCounts& counts_of(const std::string& host) {
    const auto find = [this](const std::string& name) { return std::ranges::find(by_name_, name, &NameCounts::name); };
    if (const auto found = find(host); found != by_name_.end()) return *found;
    const std::string& kept = by_name_.size() < kMostCounted ? host : kOther;
    if (const auto found = find(kept); found != by_name_.end()) return *found;
    return by_name_.emplace_back(NameCounts{.name = kept});
  }

  static inline const std::string kOther = "other";
  static SharedName shared(const std::shared_ptr<Entry>& entry) { return {entry, &entry->state()}; }

  asio::io_context& io_;
  Callbacks callbacks_;
  Lookups lookups_;
  std::unordered_map<std::string, std::vector<std::weak_ptr<Entry>>> entries_;  ///< by host
  std::minstd_rand random_{std::random_device{}()};
  Counts counts_;
  std::vector<NameCounts> by_name_;
};

NameTable::NameTable(asio::io_context& io, Callbacks callbacks)
    : impl_(std::make_unique<Impl>(io, std::move(callbacks))) {}
NameTable::~NameTable() = default;
SharedName NameTable::get(const NameKey& key) { return impl_->get(key); }
void NameTable::when_answered(const NameKey& key, std::function<void()> done) {
  impl_->when_answered(key, std::move(done));
}
void NameTable::forget() { impl_->forget(); }
NameTable::Counts NameTable::counts() const { return impl_->counts(); }
std::vector<NameCounts> NameTable::each() const { return impl_->each(); }

}  // namespace lastbyte::probe::dns
