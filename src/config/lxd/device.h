// One proxy device of LXD, and the equivalent forwarding.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/lxd/import.h"

namespace lastbyte::config {

struct LxdValue {
  std::string text;
  Origin where;
};

struct LxdDevice {
  std::string name;  ///< as given; empty for a single device without a name
  Origin where;
  std::vector<std::pair<std::string, LxdValue>> keys;  ///< in order, each once

  /// nullptr: the key is absent or empty, which LXD treats alike.
  [[nodiscard]] const LxdValue* find(std::string_view key) const;
};

/// The mapping of the instance's user or group ids to the host's (`volatile.idmap.current`).
class LxdIdMap {
 public:
  struct Range {
    std::uint32_t inside = 0;
    std::uint32_t outside = 0;
    std::uint32_t count = 0;
  };

  void set_same() { same_ = true; }
  void add(const Range& range) { ranges_.push_back(range); }
  [[nodiscard]] bool known() const { return same_ || !ranges_.empty(); }
  /// nullopt: the id is not in the map, or no map is known.
  [[nodiscard]] std::optional<std::uint32_t> outside(std::uint32_t inside) const;

 private:
  bool same_ = false;  ///< a privileged instance: ids are the same
  std::vector<Range> ranges_;
};

struct LxdInstance {
  std::string pid = "PID";  ///< the instance's first process, or the placeholder for it
  bool is_machine = false;  ///< a virtual machine, which has no namespaces to enter
  LxdIdMap users;
  LxdIdMap groups;
  std::string v4;  ///< its static addresses, for nat with a wildcard; empty: none is known
  std::string v6;
};

/// The user that LXD runs the device's process as.
struct LxdUser {
  std::uint32_t user = 0;  ///< 0 for both: the process stays root
  std::uint32_t group = 0;

  friend bool operator==(const LxdUser&, const LxdUser&) = default;
};

struct LxdForwarding {
  using Block = std::vector<std::pair<std::string, std::string>>;

  std::string listen;
  std::string connect;
  Block client;
  Block upstream;
  LxdUser run_as;
  bool enters_instance = false;           ///< the forwarding names a process of the instance
  std::vector<std::string> remarks = {};  ///< the notes about this forwarding
  /// LXD's listen address if it is the wildcard of one family, which Go applies to both; empty: it is not.
  std::string narrow = {};
};

/// nullopt: there are problems, which are in `report`.
std::optional<LxdForwarding> convert(const LxdDevice& device, const LxdInstance& instance, Imported& report);

}  // namespace lastbyte::config
