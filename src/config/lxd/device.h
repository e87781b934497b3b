// One proxy device of LXD, and the forwarding that does the same.
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
  std::string name;  ///< as given; empty for a device that stands alone
  Origin where;
  std::vector<std::pair<std::string, LxdValue>> keys;  ///< in their order, each once

  /// nullptr: not there, or empty, which LXD takes for the same.
  [[nodiscard]] const LxdValue* find(std::string_view key) const;
};

/// How user or group ids of the instance are counted on the host (`volatile.idmap.current`).
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
  /// nullopt: not in the map, or no map is known.
  [[nodiscard]] std::optional<std::uint32_t> outside(std::uint32_t inside) const;

 private:
  bool same_ = false;  ///< a privileged instance
  std::vector<Range> ranges_;
};

struct LxdInstance {
  std::string pid = "PID";  ///< of its first process, or the word that stands for it
  bool is_machine = false;  ///< a virtual machine: it has no namespaces to enter
  LxdIdMap users;
  LxdIdMap groups;
  std::string v4;  ///< its static addresses, for nat with a wildcard; empty: none is known
  std::string v6;
};

/// Whom LXD makes of the device's process.
struct LxdUser {
  std::uint32_t user = 0;  ///< 0 for both: it stays root
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
  bool enters_instance = false;           ///< its process is named in it
  std::vector<std::string> remarks = {};  ///< the notes about it
  /// LXD's listen, where it is the wildcard of one family, which Go takes for both; empty: it is not.
  std::string narrow = {};
};

/// nullopt when there are problems, which `report` has then.
std::optional<LxdForwarding> convert(const LxdDevice& device, const LxdInstance& instance, Imported& report);

}  // namespace lastbyte::config
