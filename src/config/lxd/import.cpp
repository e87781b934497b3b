// Finds the devices in LXD's output and writes the configuration.
#include "config/lxd/import.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "config/lxd/device.h"
#include "config/read/draft.h"

namespace lastbyte::config {

namespace {

/// Removes control characters: keys and values of the text may contain anything.
std::string one_line(std::string text) {
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  return text;
}

class Reader {
 public:
  Reader(const std::string& name, Imported& report) : name_(name), report_(report) {}

  /// Leaves its results in `devices` and `instance`.
  void read(const std::string& text) {
    if (const int line = second_document(text); line != 0) {
      return problem({name_, line, 1}, "a second document begins; expected the devices of one instance");
    }
    try {
      top(YAML::Load(text));
    } catch (const YAML::Exception& wrong) {
      problem(at(wrong.mark), "not valid YAML: " + one_line(wrong.msg));
    } catch (const std::exception& wrong) {
      // For broken text the library lets some standard exceptions through.
      problem({name_, 0, 0}, "not valid YAML: " + one_line(wrong.what()));
    }
  }

  std::vector<LxdDevice> devices;
  LxdInstance instance;

 private:
  [[nodiscard]] Origin at(const YAML::Mark& mark) const {
    if (mark.is_null()) return {name_, 0, 0};
    return {name_, mark.line + 1, mark.column + 1};
  }

  void problem(const Origin& where, std::string what) { report_.problems.push_back({where, std::move(what)}); }

  /// Returns the line (from 1) at which a second document begins; 0: there is at most one. LXD indents all other text
  /// that looks like a separator.
  static int second_document(const std::string& text) {
    bool content = false;
    int number = 0;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      const std::string_view line = std::string_view(text).substr(begin, end - begin);
      ++number;
      const bool starts = line.starts_with("---");
      if (starts && content) return number;
      if (starts || (!line.starts_with('#') && line.find_first_not_of(" \t\r") != std::string_view::npos))
        content = true;
      begin = end + 1;
    }
    return 0;
  }

  static std::string scalar(const YAML::Node& map, const char* key) {
    const YAML::Node value = map[key];
    return value.IsDefined() && value.IsScalar() ? value.Scalar() : "";
  }

  void top(const YAML::Node& node) {
    if (!node.IsMap())
      return problem(at(node.Mark()), "expected the devices of an instance, as `lxc config device show` prints them");
    const bool alone = node["listen"].IsDefined() && !node["listen"].IsMap();
    const bool typed = scalar(node, "type") == "proxy";
    if (alone || typed) return device(node, "");
    // Prefers the devices with profiles applied, if they are there too (lxc query).
    for (const char* key : {"expanded_devices", "devices"}) {
      const YAML::Node all = node[key];
      if (!all.IsDefined() || !all.IsMap() || all["type"].IsDefined()) continue;
      const char* config = std::string_view(key) == "devices" ? "config" : "expanded_config";
      describe(node, node[config].IsDefined() ? node[config] : node["config"]);
      return each(all);
    }
    each(node);
  }

  void each(const YAML::Node& all) {
    std::string others;
    for (const auto& pair : all) {
      const std::string name = pair.first.IsScalar() ? pair.first.Scalar() : "";
      if (!pair.second.IsMap()) {
        problem(at(pair.first.Mark()),
                in_quotes(name) + ": expected a device: a mapping with type, listen and connect");
        continue;
      }
      const std::string type = scalar(pair.second, "type");
      if (type == "nic") static_address(pair.second);
      const bool untyped = type.empty() && pair.second["listen"].IsDefined();
      if (type == "proxy" || untyped)
        device(pair.second, name);
      else
        others += (others.empty() ? "" : ", ") + in_quotes(name) + (type.empty() ? "" : " (" + one_line(type) + ")");
    }
    if (!others.empty())
      report_.notes.push_back({{name_, 0, 0}, "passed over, because they are no proxies: " + others});
  }

  void static_address(const YAML::Node& nic) {
    if (instance.v4.empty()) instance.v4 = scalar(nic, "ipv4.address");
    if (instance.v6.empty()) instance.v6 = scalar(nic, "ipv6.address");
    if (instance.v4 == "none") instance.v4.clear();
    if (instance.v6 == "none") instance.v6.clear();
  }

  void device(const YAML::Node& map, const std::string& name) {
    LxdDevice found{.name = name, .where = at(map.Mark()), .keys = {}};
    for (const auto& pair : map) {
      const Origin where = at(pair.second.Mark());
      if (!pair.first.IsScalar() || (!pair.second.IsScalar() && !pair.second.IsNull())) {
        problem(at(pair.first.Mark()), in_quotes(name) + ": expected keys with one value each");
        return;
      }
      const std::string& key = pair.first.Scalar();
      const bool again =
          std::any_of(found.keys.begin(), found.keys.end(), [&](const auto& k) { return k.first == key; });
      if (again) return problem(at(pair.first.Mark()), in_quotes(name) + ": key " + in_quotes(key) + " given twice");
      found.keys.emplace_back(key,
                              LxdValue{.text = pair.second.IsScalar() ? pair.second.Scalar() : "", .where = where});
    }
    devices.push_back(std::move(found));
  }

  void describe(const YAML::Node& node, const YAML::Node& config) {
    instance.is_machine = scalar(node, "type") == "virtual-machine";
    if (!config.IsDefined() || !config.IsMap()) return;
    const std::string privileged = scalar(config, "security.privileged");
    if (privileged == "true") {
      instance.users.set_same();
      instance.groups.set_same();
      return;
    }
    for (const char* key : {"volatile.idmap.current", "volatile.last_state.idmap"}) {
      if (const std::string map = scalar(config, key); !map.empty()) return id_map(map);
    }
  }

  /// [{"Isuid":true,"Isgid":false,"Hostid":1000000,"Nsid":0,"Maprange":65536}]; JSON is YAML here.
  void id_map(const std::string& json) {
    try {
      for (const YAML::Node& each : YAML::Load(json)) add_range(each);
    } catch (const YAML::Exception&) {
      // Ignores the map; a missing map is reported if it is needed.
      instance.users = {};
      instance.groups = {};
    }
  }

  void add_range(const YAML::Node& node) {
    const LxdIdMap::Range range{.inside = node["Nsid"].as<std::uint32_t>(),
                                .outside = node["Hostid"].as<std::uint32_t>(),
                                .count = node["Maprange"].as<std::uint32_t>()};
    if (node["Isuid"].as<bool>()) instance.users.add(range);
    if (node["Isgid"].as<bool>()) instance.groups.add(range);
  }

  std::string name_;
  Imported& report_;
};

/// Quotes the value if YAML would otherwise read it as another text.
std::string yaml_value(const std::string& text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_./:@[]-,").find(c) != std::string_view::npos;
  };
  const bool simple = text != "null" && !text.empty() && std::all_of(text.begin(), text.end(), plain) &&
                      text.find(": ") == std::string::npos &&
                      std::string_view(":@[]-,").find(text.front()) == std::string_view::npos && text.back() != ':';
  if (simple) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) >= ' ' && c != 0x7f) {
      quoted += c;
      continue;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    quoted += std::string("\\x") + digits[byte >> 4U] + digits[byte & 0xfU];
  }
  return quoted + '"';
}

/// Wraps the text into comment lines of up to 120 bytes.
std::string comment(const std::string& indent, const std::string& text) {
  constexpr std::size_t width = 120;
  std::string out;
  std::string line = indent + "#";
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    if (line.size() + 1 + (end - begin) > width && line.size() > indent.size() + 1) {
      out += line + "\n";
      line = indent + "#  ";
    }
    line += " " + text.substr(begin, end - begin);
    begin = end + 1;
  }
  return out + line + "\n";
}

/// Returns a valid and unique name for a forwarding: printable ASCII without spaces (LXD allows more).
std::string name_for(const std::string& device, std::set<std::string>& taken) {
  std::string name = device.substr(0, 200);
  std::replace_if(name.begin(), name.end(), [](char c) { return c <= ' ' || c > '~'; }, '-');
  std::string free = name;
  for (int i = 2; !taken.insert(free).second; ++i) free = name + "-" + std::to_string(i);
  return free;
}

std::string print_block(const std::string& key, const LxdForwarding::Block& block) {
  if (block.empty()) return "";
  std::string out = "    " + key + ":\n";
  for (const auto& [inner, value] : block) out += "      " + inner + ": " + yaml_value(value) + "\n";
  return out;
}

std::string print(const std::string& name, const LxdForwarding& forwarding) {
  std::string out;
  for (const std::string& remark : forwarding.remarks) out += comment("  ", one_line(remark));
  out += "  - ";
  if (!name.empty()) out += "name: " + yaml_value(name) + "\n    ";
  out += "listen: " + yaml_value(forwarding.listen) + "\n    connect: " + yaml_value(forwarding.connect) + "\n";
  return out + print_block("client", forwarding.client) + print_block("upstream", forwarding.upstream);
}

struct Taken {
  std::string device;
  LxdForwarding forwarding;
};

/// LXD has one process per device; lastbyte has one process, with one user. If some devices stay root and all others
/// have one user, that user is for all. nullopt: there are several users, which is a problem.
std::optional<std::string> print_user(const std::vector<Taken>& all, const Origin& where, Imported& report) {
  const auto is_root = [](const Taken& each) { return each.forwarding.run_as == LxdUser{}; };
  const auto first = std::find_if_not(all.begin(), all.end(), is_root);
  if (first == all.end()) return "";
  const LxdUser user = first->forwarding.run_as;
  std::string roots;
  for (const Taken& each : all) {
    if (is_root(each)) {
      roots += (roots.empty() ? "" : ", ") + in_quotes(each.device);
    } else if (each.forwarding.run_as != user) {
      report.problems.push_back({where, in_quotes(first->device) + " and " + in_quotes(each.device) +
                                            " differ in security.uid or security.gid; here these are of the whole "
                                            "process (user, group): give the devices of each user a file and a "
                                            "process of their own"});
      return std::nullopt;
    }
  }
  std::string out;
  if (!roots.empty()) {
    const std::string what = "user and group are of the whole process, and so of " + roots +
                             " as well, which LXD leaves to root: give them a file and a process of their own if that "
                             "is not wanted";
    report.notes.push_back({where, what});
    out += comment("", what);
  }
  return out + "user: " + yaml_value(std::to_string(user.user)) + "\ngroup: " + yaml_value(std::to_string(user.group)) +
         "\n";
}

/// Reported once for all devices, because most are affected. "": none is.
std::string print_families(const std::vector<Taken>& all, const Origin& where, Imported& report) {
  std::string devices;
  const Taken* first = nullptr;
  for (const Taken& each : all) {
    if (each.forwarding.narrow.empty()) continue;
    if (first == nullptr) first = &each;
    if (!each.device.empty()) devices += (devices.empty() ? "" : ", ") + in_quotes(each.device);
  }
  if (first == nullptr) return "";
  const std::string& narrow = first->forwarding.narrow;
  const bool v6 = narrow.find('[') != std::string::npos;
  const std::string what =
      (devices.empty() ? "" : devices + ": ") + "LXD listens on IPv4 and IPv6 for 0.0.0.0 and for [::]. So does " +
      first->forwarding.listen + " here; " + narrow + " would be " + (v6 ? "IPv6" : "IPv4") + " only";
  report.notes.push_back({where, what});
  return comment("", what);
}

Imported imported(std::string_view text, const std::string& name, std::optional<std::uint32_t> pid) {
  Imported report;
  Reader reader(name, report);
  if (pid) reader.instance.pid = std::to_string(*pid);
  reader.read(std::string(text));
  const Origin top{name, 0, 0};
  if (reader.devices.empty() && report.problems.empty()) {
    report.problems.push_back(
        {top, "no device of type proxy; those of profiles are in `lxc config show INSTANCE --expanded`"});
  }
  std::string body;
  std::vector<Taken> all;
  std::set<std::string> taken;
  for (const LxdDevice& device : reader.devices) {
    const auto forwarding = convert(device, reader.instance, report);
    if (!forwarding) {
      body += comment("  ", in_quotes(device.name) + " is left out: it could not be taken over");
      continue;
    }
    body += print(device.name.empty() ? "" : name_for(device.name, taken), *forwarding);
    all.push_back({device.name, *forwarding});
  }
  if (all.empty()) return report;
  std::string head = "# Made of LXD's proxy devices by `lastbyte import lxd`.\n";
  if (std::any_of(all.begin(), all.end(), [](const auto& each) { return each.forwarding.enters_instance; })) {
    const std::string what =
        std::string(pid ? "pid:" + reader.instance.pid + " is" : "PID stands for") +
        " the first process of the instance (`lxc info INSTANCE`: PID); it is another one after the "
        "instance was started again";
    report.notes.push_back({top, what});
    head += comment("", what);
  }
  head += print_families(all, top, report);
  if (const auto user = print_user(all, top, report)) report.yaml = head + *user + "forwardings:\n" + body;
  return report;
}

}  // namespace

Imported import_lxd(std::string_view text, const std::string& name, std::optional<std::uint32_t> pid) {
  Imported report = imported(text, name, pid);
  for (auto* told : {&report.notes, &report.problems}) {
    for (Problem& each : *told) each.what = one_line(std::move(each.what));
  }
  return report;
}

}  // namespace lastbyte::config
