// One group on the probe thread: its members and its snapshots.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probe/dns/names.h"
#include "probe/member.h"

namespace lastbyte::probe {

/// What all groups share. It outlives them.
struct GroupContext {
  boost::asio::io_context& io;
  Counters& counters;
  Tallies& tallies;
  dns::NameTable& names;
  std::function<void(SharedSnapshot)> on_snapshot;
  std::function<void(std::string)> on_message;
  std::function<void(const MemberChange&)> on_member;  ///< may be null
};

/// Returns the name to look up for a member; nullopt: the endpoint contains the address.
std::optional<dns::NameKey> name_of(const upstream::Member& member, const upstream::Group& group);

/// Must be held by a shared_ptr.
class Group : public std::enable_shared_from_this<Group> {
 public:
  Group(GroupContext context, std::uint64_t id) : context_(std::move(context)), id_(id), sweep_(context_.io) {}

  /// Applies these settings. Makes a snapshot without calling on_snapshot.
  void apply(const PlacedGroup& group);
  [[nodiscard]] SharedSnapshot snapshot() const { return snapshot_; }
  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] const std::string& name() const { return settings_->name; }

  void name_changed(const dns::NameState& name);
  void observe(const upstream::Observation& observation);
  /// Returns nullptr if there is no such member.
  [[nodiscard]] std::shared_ptr<Member> find(std::string_view member) const;
  [[nodiscard]] GroupStatus status() const;

 private:
  /// A member of the settings and the members that it stands for: itself, or the targets of its SRV name.
  struct Slot {
    std::string text;  ///< as written; it identifies the slot across reloads
    std::shared_ptr<const upstream::Member> settings;
    dns::SharedName lookup;
    std::vector<std::shared_ptr<Member>> members;
  };
  /// The members that the indices meant, from a generation on.
  struct Layout {
    std::uint64_t generation = 0;
    std::vector<std::weak_ptr<Member>> members;  ///< weak: holding a removed member would keep its name looked up for
                                                 ///< ever
  };

  std::shared_ptr<Member> make_member(std::string name);
  void fill(Slot& slot, bool is_new);
  void fill_targets(Slot& slot, bool is_new);
  [[nodiscard]] std::vector<std::shared_ptr<Member>> members() const;
  void changed();
  template <typename What>
  std::function<void(What)> later(const std::function<void(What)>& take);
  void tell();
  void make_snapshot();
  void make_maglev(upstream::Snapshot& snapshot);
  void keep_layout(const std::vector<std::shared_ptr<Member>>& members);
  void sweep();

  GroupContext context_;
  std::uint64_t id_;
  std::shared_ptr<const upstream::Group> settings_;
  Place place_;
  std::vector<Slot> slots_;
  SharedSnapshot snapshot_;
  std::uint64_t generation_ = 0;
  std::deque<Layout> layouts_;
  std::vector<std::pair<std::string, std::uint32_t>> maglev_of_;  ///< the names and weights of maglev_
  std::shared_ptr<const std::vector<std::uint16_t>> maglev_;
  bool applying_ = false;
  bool dirty_ = false;
  std::vector<std::function<void()>> untold_;  ///< messages about changes that the workers do not know of yet
  boost::asio::steady_timer sweep_;
  bool sweeping_ = false;
};

}  // namespace lastbyte::probe
