// The owners of settings, and the blocks of a file that contain these settings. The YAML reader, the printer, the
// comparison and the reference in docs/ all derive from this description.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "config/settings/config.h"
#include "relay/terms/forwarding.h"
#include "upstream/terms/settings.h"

namespace lastbyte::config {

/// The kinds of owners.
enum class OwnerKind : std::uint8_t { process, forwarding, group, member };

/// One type per kind, in the order of OwnerKind: Owners<Field> is a variant of Field<Config>, Field<relay::Forwarding>,
/// ...
template <template <typename> typename Of>
using Owners = std::variant<Of<Config>, Of<relay::Forwarding>, Of<upstream::Group>, Of<upstream::Member>>;

template <typename>
inline constexpr OwnerKind kOwner = OwnerKind::process;
template <>
inline constexpr OwnerKind kOwner<relay::Forwarding> = OwnerKind::forwarding;
template <>
inline constexpr OwnerKind kOwner<upstream::Group> = OwnerKind::group;
template <>
inline constexpr OwnerKind kOwner<upstream::Member> = OwnerKind::member;

/// How often a block may occur in its parent.
enum class Shape : std::uint8_t {
  once,
  list,   ///< as an element of a list
  named,  ///< in a mapping, each under its name
};

/// A kind of block in a file.
struct BlockKind {
  std::string_view key;  ///< in the parent block; empty: the whole file
  std::string_view noun;
  std::string_view where;  ///< "in a forwarding": for messages
  OwnerKind owner;
  Shape shape;
  const BlockKind* parent;
  bool required;           ///< there must be at least one
  std::string_view alone;  ///< the setting that a bare value stands for instead of a mapping; empty: none
};

inline constexpr BlockKind kProcess{"",   "file", "at the top of the file", OwnerKind::process, Shape::once, nullptr,
                                    true, ""};
/// The initial values of forwardings; only settings that a forwarding may inherit.
inline constexpr BlockKind kDefaults{"defaults",  "block",   "in defaults", OwnerKind::forwarding,
                                     Shape::once, &kProcess, false,         ""};
inline constexpr BlockKind kGroups{"groups",     "group",   "in a group", OwnerKind::group,
                                   Shape::named, &kProcess, false,        ""};
inline constexpr BlockKind kMembers{
    "members", "member", "in a member of a group", OwnerKind::member, Shape::list, &kGroups, true, "connect"};
inline constexpr BlockKind kForwardings{
    "forwardings", "forwarding", "in a forwarding", OwnerKind::forwarding, Shape::list, &kProcess, true, ""};

/// In the order of a file.
inline constexpr std::array kBlockKinds{&kProcess, &kDefaults, &kGroups, &kMembers, &kForwardings};

/// Calls `visit(kind, blocks)` with each vector of blocks of an owner.
template <typename Visit>
void visit_blocks(const Config& config, Visit&& visit) {
  visit(kGroups, config.groups);
  visit(kForwardings, config.forwardings);
}
template <typename Visit>
void visit_blocks(const upstream::Group& group, Visit&& visit) {
  visit(kMembers, group.members);
}
template <typename Visit>
void visit_blocks(const relay::Forwarding& /*forwarding*/, Visit&& /*visit*/) {}
template <typename Visit>
void visit_blocks(const upstream::Member& /*member*/, Visit&& /*visit*/) {}

}  // namespace lastbyte::config
