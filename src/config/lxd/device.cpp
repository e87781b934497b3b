// Translates each key of a device. LXD's meaning of a key is that of doc/reference/devices_proxy.md and of its
// `forkproxy`, which enters the instance's user, network and (for paths) mount namespace on one of its sides.
#include "config/lxd/device.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "config/lxd/address.h"
#include "config/read/draft.h"
#include "config/read/suggest.h"

namespace lastbyte::config {

namespace {

const std::vector<std::string>& known_keys() {
  static const std::vector<std::string> kKeys = {"type", "listen",         "connect",     "bind",
                                                 "nat",  "proxy_protocol", "mode",        "uid",
                                                 "gid",  "security.uid",   "security.gid"};
  return kKeys;
}

/// One of a forwarding's two sides.
enum class End : std::uint8_t { listen, connect };

class Converter {
 public:
  Converter(const LxdDevice& device, const LxdInstance& instance, Imported& report)
      : device_(device), instance_(instance), report_(report) {}

  std::optional<LxdForwarding> run() {
    check_keys();
    read_switches();
    const auto listen = address("listen");
    const auto connect = address("connect");
    if (!listen || !connect) return std::nullopt;
    check_pair(*listen, *connect);
    if (nat_) explain_nat(*listen);
    result_.listen = listen_text(*listen);
    result_.connect = connect_text(*connect);
    if (in_instance(End::listen)) enter(*listen, result_.client);
    if (in_instance(End::connect)) enter(*connect, result_.upstream);
    if (proxy_protocol_) result_.upstream.emplace_back("proxy-protocol", "v1");
    file_of(*listen);
    drop_privileges();
    if (failed_) return std::nullopt;
    return std::move(result_);
  }

 private:
  [[nodiscard]] std::string about(std::string_view key) const {
    const std::string owner = device_.name.empty() ? "" : in_quotes(device_.name) + ": ";
    return owner + std::string(key) + ": ";
  }

  void note(std::string_view key, const std::string& what) {
    const LxdValue* value = device_.find(key);
    report_.notes.push_back({value == nullptr ? device_.where : value->where, about(key) + what});
    result_.remarks.push_back(std::string(key) + ": " + what);
  }

  void problem(std::string_view key, const std::string& what) {
    const LxdValue* value = device_.find(key);
    const std::string shown = value == nullptr ? "" : in_quotes(value->text) + ": ";
    report_.problems.push_back({value == nullptr ? device_.where : value->where, about(key) + shown + what});
    failed_ = true;
  }

  void check_keys() {
    for (const auto& [key, value] : device_.keys) {
      if (std::find(known_keys().begin(), known_keys().end(), key) != known_keys().end()) continue;
      const auto near = nearest(key, known_keys());
      note(key,
           "not a key of a proxy device, passed over" + (near ? "; did you mean '" + *near + "'?" : std::string()));
    }
  }

  bool is_true(std::string_view key) {
    const LxdValue* value = device_.find(key);
    if (value == nullptr) return false;
    std::string text = value->text;
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
    if (text != "false" && text != "0" && text != "no" && text != "off") problem(key, "expected true or false");
    return false;
  }

  void read_switches() {
    const LxdValue* bind = device_.find("bind");
    if (bind != nullptr && bind->text != "host") {
      in_instance_ = End::listen;
      if (bind->text != "instance" && bind->text != "guest" && bind->text != "container") {
        problem("bind", "expected host or instance");
      }
    }
    nat_ = is_true("nat");
    proxy_protocol_ = is_true("proxy_protocol");
    if (nat_ && in_instance_ == End::listen) problem("nat", "only for bind: host");
    if (!nat_ && instance_.is_machine) {
      problem("type", "a virtual machine has no namespaces to enter: only nat: true is possible for it, as in LXD");
    }
  }

  std::optional<LxdAddress> address(std::string_view key) {
    if (device_.find(key) == nullptr) {
      problem(key, "is missing");
      return std::nullopt;
    }
    auto parsed = parse_lxd_address(device_.find(key)->text);
    if (!parsed) {
      problem(key, parsed.error());
      return std::nullopt;
    }
    return std::move(*parsed);
  }

  void check_pair(const LxdAddress& listen, const LxdAddress& connect) {
    if (listen.protocol == LxdProtocol::udp && connect.protocol != LxdProtocol::udp) {
      problem("connect", "datagrams can go to udp only, here as in LXD, whose documentation says otherwise");
    }
    if (nat_ && (listen.is_unix() || listen.protocol != connect.protocol)) {
      problem("nat", "only tcp to tcp and udp to udp");
    }
    if (connect.count > 1 && connect.count != listen.count) {
      problem("connect", std::to_string(connect.count) + " ports for the " + std::to_string(listen.count) +
                             " of listen; expected as many, or one");
    }
    if (proxy_protocol_ && connect.protocol == LxdProtocol::udp) {
      problem("proxy_protocol", "not with datagrams; expected connect to be tcp");
    }
  }

  void explain_nat(const LxdAddress& listen) {
    const std::string headers =
        listen.protocol == LxdProtocol::tcp ? "upstream.proxy-protocol if it takes PROXY headers, or " : "";
    note("nat",
         "there is no counterpart: what comes is relayed here, and not redirected by the kernel. The service sees this "
         "machine as its client. Where it has to see the client itself, set " +
             headers + "upstream.transparent if this machine is its gateway; or leave this device to LXD");
  }

  [[nodiscard]] bool in_instance(End end) const { return !nat_ && in_instance_ == end; }

  std::string listen_text(const LxdAddress& listen) {
    LxdAddress ours = listen;
    if (listen.is_wildcard() && !listen.host.empty()) {
      // Go's net.Listen() applies either wildcard to both families.
      result_.narrow = listen.text();
      ours.host.clear();
    }
    return checked_text(ours, "listen");
  }

  std::string connect_text(const LxdAddress& connect) {
    LxdAddress ours = connect;
    if (connect.is_wildcard()) {
      const bool v6 = connect.host.find(':') != std::string::npos;
      ours.host = nat_ ? (v6 ? instance_.v6 : instance_.v4) : (v6 ? "::1" : "127.0.0.1");
      if (ours.host.empty()) {
        problem("connect", std::string("the instance's static ") + (v6 ? "ipv6.address" : "ipv4.address") +
                               " stands for it, which is not in what was given; expected an address");
      } else {
        note("connect", in_quotes(connect.text()) + " stands for " + ours.text());
      }
    }
    return checked_text(ours, "connect");
  }

  std::string checked_text(const LxdAddress& address, std::string_view key) {
    constexpr std::size_t longest = 107;  // sun_path of unix(7) without its final zero
    if (address.is_unix() && address.path.size() > longest) {
      problem(key, "the path is " + std::to_string(address.path.size()) +
                       " bytes long; at most 107 are possible: " + in_quotes(address.path));
    }
    return address.text();
  }

  /// Enters the instance: its first process's root directory for a path, its network namespace for any other address.
  void enter(const LxdAddress& address, LxdForwarding::Block& block) {
    result_.enters_instance = true;
    block.emplace_back(address.is_path() ? "root" : "netns", "pid:" + instance_.pid);
  }

  /// Reads an id; the largest one excluded, because it means none (chown(2)).
  std::optional<std::uint32_t> id(std::string_view key) {
    const LxdValue* value = device_.find(key);
    if (value == nullptr) return std::nullopt;
    std::uint32_t number = 0;
    const std::string& text = value->text;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number == UINT32_MAX) {
      problem(key, "expected 0 to 4294967294");
      return std::nullopt;
    }
    return number;
  }

  /// Returns the host's id if LXD means one of the instance.
  std::uint32_t outside(std::string_view key, std::uint32_t inside, const LxdIdMap& map) {
    if (!map.known()) {
      note(key,
           "LXD counts it inside the instance, and the instance's id map was not given: here it is as it was "
           "written. Add the first host id of the map (`lxc config get INSTANCE volatile.idmap.current`: Hostid)");
      return inside;
    }
    const auto mapped = map.outside(inside);
    if (!mapped) problem(key, "the instance's id map has no such id");
    return mapped.value_or(inside);
  }

  /// Sets owner and mode of a listening path.
  void file_of(const LxdAddress& listen) {
    const LxdValue* mode = device_.find("mode");
    if (!listen.is_path()) {
      for (const std::string_view key : {"mode", "uid", "gid"}) {
        if (device_.find(key) != nullptr) note(key, "has no effect: listen is not the path of a UNIX socket");
      }
      return;
    }
    const std::string bits = mode == nullptr ? "0644" : mode->text;  // LXD's default
    const bool octal = bits.find_first_not_of("01234567") == std::string::npos;
    if (!octal || bits.size() < 3 || bits.size() > 4) problem("mode", "expected an octal mode such as 0660");
    result_.client.emplace_back("unix-mode", bits.size() == 3 ? "0" + bits : bits);
    owner_of("uid", "unix-uid", instance_.users);
    owner_of("gid", "unix-gid", instance_.groups);
  }

  void owner_of(std::string_view key, const std::string& ours, const LxdIdMap& map) {
    std::optional<std::uint32_t> owner = id(key);
    if (in_instance(End::listen)) {
      // Without a key the owner is the instance's root, because forkproxy has entered its user namespace.
      if (owner || map.known())
        owner = outside(key, owner.value_or(0), map);
      else
        note(key, "LXD gives the socket to the instance's root; here it belongs to this machine's, unless client." +
                      ours + " names the host's id of it");
    }
    if (owner) result_.client.emplace_back(ours, std::to_string(*owner));
  }

  void drop_privileges() {
    LxdUser inside{.user = id("security.uid").value_or(0), .group = id("security.gid").value_or(0)};
    if (inside == LxdUser{} || nat_) return;
    if (inside.user != 0 && inside.group == 0) {
      note("security.gid", "not given: LXD stays in group 0, and so does this; a group of its own is safer");
    }
    // The connecting process drops privileges, so the ids are the instance's if it connects inside.
    if (in_instance(End::connect)) {
      inside.user = outside("security.uid", inside.user, instance_.users);
      inside.group = outside("security.gid", inside.group, instance_.groups);
    }
    result_.run_as = inside;
  }

  const LxdDevice& device_;
  const LxdInstance& instance_;
  Imported& report_;
  LxdForwarding result_;
  End in_instance_ = End::connect;
  bool nat_ = false;
  bool proxy_protocol_ = false;
  bool failed_ = false;
};

}  // namespace

const LxdValue* LxdDevice::find(std::string_view key) const {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const auto& each) { return each.first == key; });
  return found == keys.end() || found->second.text.empty() ? nullptr : &found->second;
}

std::optional<std::uint32_t> LxdIdMap::outside(std::uint32_t inside) const {
  if (same_) return inside;
  for (const Range& range : ranges_) {
    if (inside >= range.inside && inside - range.inside < range.count) return range.outside + (inside - range.inside);
  }
  return std::nullopt;
}

std::optional<LxdForwarding> convert(const LxdDevice& device, const LxdInstance& instance, Imported& report) {
  return Converter(device, instance, report).run();
}

}  // namespace lastbyte::config
