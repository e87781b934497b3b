// Proxy devices of LXD, and what becomes of them.
#include "config/lxd/import.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace lastbyte::config {
namespace {

std::string listed(const std::vector<Problem>& all) {
  std::string text;
  for (const Problem& each : all) text += each.text() + "\n";
  return text;
}

/// Without the comments.
std::string settings_of(const std::string& yaml) {
  std::string text;
  for (std::size_t begin = 0; begin < yaml.size();) {
    const std::size_t end = std::min(yaml.find('\n', begin), yaml.size());
    const std::string line = yaml.substr(begin, end - begin);
    if (line.substr(0, line.find_first_not_of(' ') + 1).find('#') == std::string::npos) text += line + "\n";
    begin = end + 1;
  }
  return text;
}

Imported imported(const std::string& text) { return import_lxd(text, "d.yaml", 77); }

/// One device called web with these keys.
std::string web(const std::string& keys) { return "web: {type: proxy, " + keys + "}"; }

struct Row {
  std::string keys;
  std::string settings;  ///< of the forwarding, after its name
};

TEST(ImportLxd, devices_and_the_forwardings_that_do_the_same) {
  const std::string in = "    upstream:\n      netns: pid:77\n";
  for (const auto& [keys, settings] : std::vector<Row>{
           {"listen: 'tcp:127.0.0.1:80', connect: 'tcp:127.0.0.1:8080'",
            "    listen: tcp:127.0.0.1:80\n    connect: tcp:127.0.0.1:8080\n" + in},
           {"listen: 'tcp:127.0.0.1:80', connect: 'tcp:127.0.0.1:8080', bind: host, nat: 'false', proxy_protocol: no",
            "    listen: tcp:127.0.0.1:80\n    connect: tcp:127.0.0.1:8080\n" + in},
           {"listen: 'tcp:[::1]:80', connect: 'tcp:[2001:db8::1]:8080'",
            "    listen: tcp:[::1]:80\n    connect: tcp:[2001:db8::1]:8080\n" + in},
           {"listen: 'tcp::80', connect: 'tcp:127.0.0.1:80'",
            "    listen: tcp::80\n    connect: tcp:127.0.0.1:80\n" + in},
           {"listen: 'tcp:1.2.3.4:80,8000-8002', connect: 'tcp:127.0.0.1:80,9000-9002'",
            "    listen: tcp:1.2.3.4:80,8000-8002\n    connect: tcp:127.0.0.1:80,9000-9002\n" + in},
           {"listen: 'tcp:1.2.3.4:80-90', connect: 'tcp:127.0.0.1:80'",
            "    listen: tcp:1.2.3.4:80-90\n    connect: tcp:127.0.0.1:80\n" + in},
           {"listen: 'udp:1.2.3.4:53', connect: 'udp:127.0.0.1:53'",
            "    listen: udp:1.2.3.4:53\n    connect: udp:127.0.0.1:53\n" + in},
           {"listen: 'tcp:1.2.3.4:53', connect: 'udp:127.0.0.1:53'",
            "    listen: tcp:1.2.3.4:53\n    connect: udp:127.0.0.1:53\n" + in},
           {"listen: 'tcp:127.0.0.1:80', connect: 'tcp:127.0.0.1:8080', proxy_protocol: 'true'",
            "    listen: tcp:127.0.0.1:80\n    connect: tcp:127.0.0.1:8080\n" + in + "      proxy-protocol: v1\n"},
           {"bind: instance, listen: 'tcp:127.0.0.1:80', connect: 'tcp:127.0.0.1:8080'",
            "    listen: tcp:127.0.0.1:80\n    connect: tcp:127.0.0.1:8080\n    client:\n      netns: pid:77\n"},
           {"bind: container, listen: 'unix:@x11', connect: 'unix:/run/host.sock'",
            "    listen: unix:@x11\n    connect: unix:/run/host.sock\n    client:\n      netns: pid:77\n"},
           {"bind: guest, listen: 'tcp:127.0.0.1:80', connect: 'unix:@host', proxy_protocol: 1",
            "    listen: tcp:127.0.0.1:80\n    connect: unix:@host\n    client:\n      netns: pid:77\n"
            "    upstream:\n      proxy-protocol: v1\n"},
           {"listen: 'unix:/run/my app.sock', connect: 'unix:@in', mode: 660, uid: 1000, gid: '33'",
            "    listen: \"unix:/run/my app.sock\"\n    connect: unix:@in\n    client:\n      unix-mode: 0660\n"
            "      unix-uid: 1000\n      unix-gid: 33\n" +
                in},
           {"listen: 'unix:/run/x.sock', connect: 'unix:/run/in.sock'",
            "    listen: unix:/run/x.sock\n    connect: unix:/run/in.sock\n    client:\n"
            "      unix-mode: 0644\n    upstream:\n      root: pid:77\n"},
           {"listen: 'tcp:0.0.0.0:80', connect: 'tcp:0.0.0.0:80'",
            "    listen: tcp::80\n    connect: tcp:127.0.0.1:80\n" + in},
           {"listen: 'tcp:[::]:80', connect: 'tcp:[::]:80'", "    listen: tcp::80\n    connect: tcp:[::1]:80\n" + in},
           {"nat: true, listen: 'tcp:1.2.3.4:80', connect: 'tcp:10.0.0.5:80'",
            "    listen: tcp:1.2.3.4:80\n    connect: tcp:10.0.0.5:80\n"},
       }) {
    const Imported result = imported(web(keys));
    EXPECT_EQ(listed(result.problems), "") << keys;
    EXPECT_EQ(settings_of(result.yaml), "forwardings:\n  - name: web\n" + settings) << keys;
  }
}

TEST(ImportLxd, what_cannot_be_taken_over_is_a_problem_with_its_place) {
  const std::string good = "listen: 'tcp:127.0.0.1:80', connect: 'tcp:127.0.0.1:80'";
  const std::string address = "expected tcp:IP:PORTS, udp:IP:PORTS, unix:/PATH or unix:@NAME";
  const std::string port = "; expected 0 to 65535, or two with '-'";
  for (
      const auto& [keys, what] : std::vector<Row>{
          {"connect: 'tcp:1.2.3.4:1'", "d.yaml:1:6: 'web': listen: is missing"},
          {"connect: 'tcp:1.2.3.4:1', listen: ''", "d.yaml:1:6: 'web': listen: is missing"},
          {"listen: 'tcp:1.2.3.4:1'", "d.yaml:1:6: 'web': connect: is missing"},
          {"listen: 'sctp:1.2.3.4:1', connect: 'tcp:1.2.3.4:1'",
           "d.yaml:1:28: 'web': listen: 'sctp:1.2.3.4:1': " + address},
          {"listen: tcp, connect: 'tcp:1.2.3.4:1'",
           "d.yaml:1:28: 'web': listen: 'tcp': the port is missing; expected tcp:IP:PORTS"},
          {"listen: 'tcp:db.example:1', connect: 'tcp:1.2.3.4:1'",
           "d.yaml:1:28: 'web': listen: 'tcp:db.example:1': the host is 'db.example'; expected a numeric address, [V6] "
           "in brackets"},
          {"listen: 'tcp:::1:80', connect: 'tcp:1.2.3.4:1'",
           "d.yaml:1:28: 'web': listen: 'tcp:::1:80': the host is '::1'; expected a numeric address, [V6] in brackets"},
          {"listen: 'tcp:1.2.3.4:65536', connect: 'tcp:1.2.3.4:1'",
           "d.yaml:1:28: 'web': listen: 'tcp:1.2.3.4:65536': the port is '65536'" + port},
          {"listen: 'tcp:1.2.3.4:', connect: 'tcp:1.2.3.4:1'",
           "d.yaml:1:28: 'web': listen: 'tcp:1.2.3.4:': the port is ''" + port},
          {"listen: 'tcp:1.2.3.4:1,', connect: 'tcp:1.2.3.4:1'",
           "d.yaml:1:28: 'web': listen: 'tcp:1.2.3.4:1,': the port is ''" + port},
          {"listen: 'tcp:1.2.3.4:9-1', connect: 'tcp:1.2.3.4:1'",
           "d.yaml:1:28: 'web': listen: 'tcp:1.2.3.4:9-1': the range '9-1' ends before it begins"},
          {"listen: 'unix:x', connect: 'tcp:1.2.3.4:1'",
           "d.yaml:1:28: 'web': listen: 'unix:x': expected unix:/PATH or unix:@NAME"},
          {"listen: 'tcp:1.2.3.4:80-82', connect: 'tcp:1.2.3.4:90-91'",
           "d.yaml:1:58: 'web': connect: 'tcp:1.2.3.4:90-91': 2 ports for the 3 of listen; expected as many, or one"},
          {"listen: 'unix:/x', connect: 'tcp:1.2.3.4:90-91'",
           "d.yaml:1:48: 'web': connect: 'tcp:1.2.3.4:90-91': 2 ports for the 1 of listen; expected as many, or one"},
          {"listen: 'udp:1.2.3.4:80', connect: 'tcp:1.2.3.4:80'",
           "d.yaml:1:55: 'web': connect: 'tcp:1.2.3.4:80': datagrams can go to udp only, here as in LXD, whose "
           "documentation says otherwise"},
          {"listen: 'udp:1.2.3.4:80', connect: 'udp:1.2.3.4:80', proxy_protocol: yes",
           "d.yaml:1:89: 'web': proxy_protocol: 'yes': not with datagrams; expected connect to be tcp"},
          {good + ", bind: there", "d.yaml:1:83: 'web': bind: 'there': expected host or instance"},
          {good + ", nat: perhaps", "d.yaml:1:82: 'web': nat: 'perhaps': expected true or false"},
          {good + ", bind: instance, nat: true", "d.yaml:1:98: 'web': nat: 'true': only for bind: host"},
          {"nat: true, listen: 'tcp:1.2.3.4:80', connect: 'udp:1.2.3.4:80'",
           "d.yaml:1:25: 'web': nat: 'true': only tcp to tcp and udp to udp"},
          {"nat: true, listen: 'tcp:1.2.3.4:80', connect: 'tcp:0.0.0.0:80'",
           "d.yaml:1:66: 'web': connect: 'tcp:0.0.0.0:80': the instance's static ipv4.address stands for it, which is "
           "not in what was given; expected an address"},
          {"listen: 'unix:/x', connect: 'tcp:1.2.3.4:1', mode: rw",
           "d.yaml:1:71: 'web': mode: 'rw': expected an octal mode such as 0660"},
          {"listen: 'unix:/x', connect: 'tcp:1.2.3.4:1', mode: 0888",
           "d.yaml:1:71: 'web': mode: '0888': expected an octal mode such as 0660"},
          {"listen: 'unix:/x', connect: 'tcp:1.2.3.4:1', uid: root",
           "d.yaml:1:70: 'web': uid: 'root': expected 0 to 4294967294"},
          {"listen: 'unix:/x', connect: 'tcp:1.2.3.4:1', gid: -1",
           "d.yaml:1:70: 'web': gid: '-1': expected 0 to 4294967294"},
          {good + ", security.uid: 4294967295",
           "d.yaml:1:91: 'web': security.uid: '4294967295': expected 0 to 4294967294"},
          {"listen: 'unix:/" + std::string(107, 'a') + "', connect: 'tcp:1.2.3.4:1'",
           "d.yaml:1:28: 'web': listen: 'unix:/" + std::string(107, 'a') +
               "': the path is 108 bytes long; at most 107 are possible: '/" + std::string(107, 'a') + "'"},
      }) {
    const Imported result = imported(web(keys));
    EXPECT_EQ(listed(result.problems), what + "\n");
    EXPECT_EQ(result.yaml, "");
  }
}

TEST(ImportLxd, what_is_not_as_it_was_is_told_with_its_place_and_as_a_comment) {
  const std::string pid =
      "pid:77 is the first process of the instance (`lxc info INSTANCE`: PID); it is another one after the instance "
      "was started again";
  const Imported result = imported(
      "web:\n  type: proxy\n  nat: \"true\"\n  listen: tcp:1.2.3.4:80\n  connect: tcp:10.0.0.5:80\n  mode: \"0600\"\n"
      "  bnd: host\n"
      "x:\n  type: proxy\n  listen: tcp:0.0.0.0:81\n  connect: unix:/run/in\n"
      "root: {type: disk, path: /, pool: default}\n");
  EXPECT_EQ(listed(result.problems), "");
  EXPECT_EQ(
      listed(result.notes),
      "d.yaml: passed over, because they are no proxies: 'root' (disk)\n"
      "d.yaml:7:8: 'web': bnd: not a key of a proxy device, passed over; did you mean 'bind'?\n"
      "d.yaml:3:8: 'web': nat: there is no counterpart: what comes is relayed here, and not redirected by the "
      "kernel. The service sees this machine as its client. Where it has to see the client itself, set "
      "upstream.proxy-protocol if it takes PROXY headers, or upstream.transparent if this machine is its gateway; "
      "or leave this device to LXD\n"
      "d.yaml:6:9: 'web': mode: has no effect: listen is not the path of a UNIX socket\n"
      "d.yaml: " +
          pid +
          "\nd.yaml: 'x': LXD listens on IPv4 and IPv6 for 0.0.0.0 and for [::]. So does tcp::81 here; tcp:0.0.0.0:81 "
          "would be IPv4 only\n");
  EXPECT_EQ(
      result.yaml,
      "# Made of LXD's proxy devices by `lastbyte import lxd`.\n"
      "# pid:77 is the first process of the instance (`lxc info INSTANCE`: PID); it is another one after the "
      "instance was\n"
      "#   started again\n"
      "# 'x': LXD listens on IPv4 and IPv6 for 0.0.0.0 and for [::]. So does tcp::81 here; tcp:0.0.0.0:81 would be "
      "IPv4 "
      "only\n"
      "forwardings:\n"
      "  # bnd: not a key of a proxy device, passed over; did you mean 'bind'?\n"
      "  # nat: there is no counterpart: what comes is relayed here, and not redirected by the kernel. The service "
      "sees this\n"
      "  #   machine as its client. Where it has to see the client itself, set upstream.proxy-protocol if it takes "
      "PROXY\n"
      "  #   headers, or upstream.transparent if this machine is its gateway; or leave this device to LXD\n"
      "  # mode: has no effect: listen is not the path of a UNIX socket\n"
      "  - name: web\n    listen: tcp:1.2.3.4:80\n    connect: tcp:10.0.0.5:80\n"
      "  - name: x\n    listen: tcp::81\n    connect: unix:/run/in\n    upstream:\n      root: pid:77\n");
}

TEST(ImportLxd, without_a_process_the_word_stands_in_its_place) {
  const Imported result = import_lxd(web("listen: 'tcp:127.0.0.1:1', connect: 'unix:/in'"), "d.yaml");
  EXPECT_EQ(settings_of(result.yaml),
            "forwardings:\n  - name: web\n    listen: tcp:127.0.0.1:1\n    connect: unix:/in\n    upstream:\n      "
            "root: pid:PID\n");
  EXPECT_NE(result.yaml.find("# PID stands for the first process"), std::string::npos);
}

const std::string kInstance =
    "architecture: x86_64\n"
    "config:\n"
    "  image.os: Debian\n"
    "  volatile.idmap.current: '[{\"Isuid\":true,\"Isgid\":false,\"Hostid\":1000000,\"Nsid\":0,\"Maprange\":65536},"
    "{\"Isuid\":false,\"Isgid\":true,\"Hostid\":2000000,\"Nsid\":0,\"Maprange\":65536}]'\n"
    "devices:\n"
    "  eth0: {type: nic, ipv4.address: 10.1.2.3, ipv6.address: none}\n";
const std::string kSocket = "  s: {type: proxy, bind: instance, listen: 'unix:/run/s', connect: 'tcp:127.0.0.1:1'";
const std::string kUser = "  u: {type: proxy, listen: 'tcp:127.0.0.1:2', connect: 'tcp:127.0.0.1:2'";

TEST(ImportLxd, ids_inside_the_instance_become_those_of_the_host) {
  EXPECT_EQ(settings_of(imported(kInstance + kSocket + ", uid: 1000, gid: 33}\n").yaml),
            "forwardings:\n  - name: s\n    listen: unix:/run/s\n    connect: tcp:127.0.0.1:1\n    client:\n"
            "      root: pid:77\n      unix-mode: 0644\n      unix-uid: 1001000\n      unix-gid: 2000033\n");
  const std::string root = settings_of(imported(kInstance + kSocket + "}\n").yaml);
  EXPECT_NE(root.find("unix-uid: 1000000\n      unix-gid: 2000000\n"), std::string::npos) << root;
  EXPECT_EQ(listed(imported(kInstance + kSocket + ", uid: 65536}\n").problems),
            "d.yaml:7:92: 's': uid: '65536': the instance's id map has no such id\n");
  const std::string user = settings_of(imported(kInstance + kUser + ", security.uid: 5, security.gid: 6}\n").yaml);
  EXPECT_TRUE(user.starts_with("user: 1000005\ngroup: 2000006\nforwardings:\n")) << user;
}

TEST(ImportLxd, ids_are_as_written_where_they_are_those_of_the_host_already) {
  // bind: instance connects on the host, and listens on it with bind: host.
  EXPECT_TRUE(settings_of(imported(kInstance + kSocket + ", security.uid: 5, security.gid: 6}\n").yaml)
                  .starts_with("user: 5\ngroup: 6\n"));
  const std::string file =
      imported(kInstance + "  h: {type: proxy, listen: 'unix:/s', connect: 'tcp:1.2.3.4:1', uid: 7}").yaml;
  EXPECT_NE(file.find("unix-uid: 7\n"), std::string::npos) << file;
  const std::string privileged = "config: {security.privileged: 'true'}\ndevices:\n" + kSocket + ", uid: 7}\n";
  EXPECT_NE(imported(privileged).yaml.find("unix-uid: 7\n"), std::string::npos);
}

TEST(ImportLxd, ids_without_a_map_are_told) {
  const std::string what =
      "LXD counts it inside the instance, and the instance's id map was not given: here it is as it "
      "was written. Add the first host id of the map (`lxc config get INSTANCE "
      "volatile.idmap.current`: Hostid)\n";
  for (const std::string& map : {std::string(), std::string("config: {volatile.idmap.current: '[{]'}\n")}) {
    const Imported result = imported(map + "devices:\n" + kUser + ", security.uid: 5, security.gid: 6}\n");
    EXPECT_EQ(listed(result.problems), "");
    EXPECT_NE(listed(result.notes).find("security.uid: " + what), std::string::npos) << listed(result.notes);
    EXPECT_NE(listed(result.notes).find("security.gid: " + what), std::string::npos);
    EXPECT_TRUE(settings_of(result.yaml).starts_with("user: 5\ngroup: 6\n"));
  }
}

TEST(ImportLxd, one_process_has_one_user) {
  const auto with = [](const std::string& name, int port, const std::string& more) {
    return name + ": {type: proxy, bind: instance, listen: 'tcp:127.0.0.1:" + std::to_string(port) +
           "', connect: 'tcp:127.0.0.1:1'" + more + "}\n";
  };
  const std::string five = ", security.uid: 5, security.gid: 5";
  EXPECT_TRUE(settings_of(imported(with("a", 1, five) + with("b", 2, five)).yaml).starts_with("user: 5\ngroup: 5\n"));

  const Imported mixed = imported(with("a", 1, "") + with("b", 2, five) + with("c", 3, ""));
  EXPECT_TRUE(settings_of(mixed.yaml).starts_with("user: 5\ngroup: 5\n"));
  EXPECT_EQ(listed(mixed.problems), "");
  EXPECT_NE(listed(mixed.notes).find("so of 'a', 'c' as well, which LXD leaves to root"), std::string::npos);

  const Imported differ = imported(with("a", 1, five) + with("b", 2, ", security.uid: 6, security.gid: 5"));
  EXPECT_EQ(differ.yaml, "") << "running as root instead would be worse than not running";
  EXPECT_NE(listed(differ.problems).find("'a' and 'b' differ in security.uid or security.gid"), std::string::npos);

  const Imported group = imported(with("a", 1, ", security.uid: 5"));
  EXPECT_TRUE(settings_of(group.yaml).starts_with("user: 5\ngroup: 0\n")) << "as LXD";
  EXPECT_NE(listed(group.notes).find("security.gid: not given: LXD stays in group 0"), std::string::npos);
}

TEST(ImportLxd, takes_every_form_that_lxd_prints) {
  const std::string device = "type: proxy\nlisten: tcp:127.0.0.1:1\nconnect: tcp:127.0.0.1:2\n";
  const std::string settings =
      "listen: tcp:127.0.0.1:1\n    connect: tcp:127.0.0.1:2\n    upstream:\n      netns: pid:77\n";
  const std::string flow = "{type: proxy, listen: 'tcp:127.0.0.1:1', connect: 'tcp:127.0.0.1:2'}";
  EXPECT_EQ(settings_of(imported(device).yaml), "forwardings:\n  - " + settings) << "alone";
  EXPECT_EQ(settings_of(imported(device.substr(device.find('\n') + 1)).yaml), "forwardings:\n  - " + settings);
  const std::string named = "forwardings:\n  - name: web\n    " + settings;
  EXPECT_EQ(settings_of(imported("web: " + flow).yaml), named) << "lxc config device show";
  EXPECT_EQ(settings_of(imported("---\n# a comment\nweb: " + flow).yaml), named);
  EXPECT_EQ(settings_of(imported("devices: " + flow).yaml), "forwardings:\n  - name: devices\n    " + settings);
  EXPECT_EQ(settings_of(imported("type: container\nprofiles: [default]\ndevices:\n  web: " + flow + "\n").yaml), named)
      << "lxc config show";
  EXPECT_EQ(
      settings_of(imported("{\"devices\": {}, \"type\": \"container\", \"expanded_devices\": {\"web\": {\"type\": "
                           "\"proxy\", \"listen\": \"tcp:127.0.0.1:1\", \"connect\": \"tcp:127.0.0.1:2\"}}}")
                      .yaml),
      named)
      << "lxc query";
}

TEST(ImportLxd, a_static_address_of_the_instance_stands_for_a_wildcard_with_nat) {
  const std::string device = "  n: {type: proxy, nat: true, listen: 'udp:1.2.3.4:53', connect: 'udp:0.0.0.0:53'}\n";
  EXPECT_EQ(settings_of(imported(kInstance + device).yaml),
            "forwardings:\n  - name: n\n    listen: udp:1.2.3.4:53\n    connect: udp:10.1.2.3:53\n");
  const std::string six = "  n: {type: proxy, nat: true, listen: 'udp:[::1]:53', connect: 'udp:[::]:53'}\n";
  EXPECT_NE(listed(imported(kInstance + six).problems).find("the instance's static ipv6.address"), std::string::npos);
}

TEST(ImportLxd, a_virtual_machine_can_have_nat_only) {
  const std::string machine = "type: virtual-machine\ndevices:\n";
  EXPECT_EQ(
      listed(imported(machine + kUser + "}\n").problems),
      "d.yaml:3:13: 'u': type: 'proxy': a virtual machine has no namespaces to enter: only nat: true is possible for "
      "it, as in LXD\n");
  EXPECT_EQ(
      listed(imported(machine + "  n: {type: proxy, nat: true, listen: 'tcp:1.2.3.4:1', connect: 'tcp:10.0.0.5:1'}")
                 .problems),
      "");
}

TEST(ImportLxd, other_texts_are_problems) {
  for (const auto& [text, what] : std::vector<std::pair<std::string, std::string>>{
           {"", "d.yaml: expected the devices of an instance, as `lxc config device show` prints them\n"},
           {"- a\n", "d.yaml:1:1: expected the devices of an instance, as `lxc config device show` prints them\n"},
           {"a: [\n", "d.yaml:2:1: not valid YAML: end of sequence flow not found\n"},
           {"{}", "d.yaml: no device of type proxy; those of profiles are in `lxc config show INSTANCE --expanded`\n"},
           {"devices: {}\n",
            "d.yaml: no device of type proxy; those of profiles are in `lxc config show INSTANCE --expanded`\n"},
           {"a: {type: disk}\n",
            "d.yaml: no device of type proxy; those of profiles are in `lxc config show INSTANCE --expanded`\n"},
           {"a: 5\n", "d.yaml:1:1: 'a': expected a device: a mapping with type, listen and connect\n"},
           {"a: {type: proxy, listen: [x]}\n", "d.yaml:1:18: 'a': expected keys with one value each\n"},
           {"a: {type: proxy, listen: x, listen: y}\n", "d.yaml:1:29: 'a': key 'listen' given twice\n"},
           {"a: 1\n---\nb: 2\n", "d.yaml:2:1: a second document begins; expected the devices of one instance\n"},
       }) {
    const Imported result = imported(text);
    EXPECT_EQ(listed(result.problems), what) << text;
    EXPECT_EQ(result.yaml, "");
  }
}

TEST(ImportLxd, one_wrong_device_does_not_keep_the_others_out) {
  const Imported result = imported(
      "bad: {type: proxy}\ngood: {type: proxy, nat: true, listen: 'tcp:1.2.3.4:1', connect: 'tcp:1.2.3.5:1'}\n");
  EXPECT_FALSE(result.problems.empty());
  EXPECT_NE(result.yaml.find("  # 'bad' is left out: it could not be taken over\n"), std::string::npos);
  EXPECT_EQ(settings_of(result.yaml),
            "forwardings:\n  - name: good\n    listen: tcp:1.2.3.4:1\n    connect: tcp:1.2.3.5:1\n");
}

TEST(ImportLxd, names_become_words_and_stay_apart) {
  const std::string flow = "{type: proxy, nat: true, listen: 'tcp:1.2.3.4:1', connect: 'tcp:1.2.3.5:1'}\n";
  const std::string yaml =
      settings_of(imported("\"a b\\n- evil: x\": " + flow + "a-b--evil:-x: " + flow + "'null': " + flow).yaml);
  EXPECT_NE(yaml.find("  - name: a-b---evil:-x\n"), std::string::npos) << yaml;
  EXPECT_NE(yaml.find("  - name: a-b--evil:-x\n"), std::string::npos) << yaml;
  EXPECT_NE(yaml.find("  - name: \"null\"\n"), std::string::npos) << yaml;
  const std::string same = settings_of(imported("'a b': " + flow + "a-b: " + flow).yaml);
  EXPECT_NE(same.find("  - name: a-b\n"), std::string::npos) << same;
  EXPECT_NE(same.find("  - name: a-b-2\n"), std::string::npos) << same;
}

TEST(ImportLxd, nothing_in_the_text_becomes_a_line_of_its_own) {
  const Imported result = imported(
      "{type: proxy, nat: true, listen: 'tcp:1.2.3.4:1', connect: 'tcp:1.2.3.5:1', \"x\\nuser: 0\": \"y\\nuser: 0\"}");
  EXPECT_EQ(listed(result.notes).find("user: 0\n"), std::string::npos) << listed(result.notes);
  EXPECT_EQ(settings_of(result.yaml), "forwardings:\n  - listen: tcp:1.2.3.4:1\n    connect: tcp:1.2.3.5:1\n");
  const Imported wrong = imported("{listen: \"tcp:1.2.3.4:1\\n2\", connect: 'tcp:1.2.3.5:1'}");
  ASSERT_EQ(wrong.problems.size(), 1U);
  EXPECT_EQ(wrong.problems.front().what,
            "listen: 'tcp:1.2.3.4:1?2': the port is '1?2'; expected 0 to 65535, or two with '-'");
}

TEST(ImportLxd, what_is_made_can_be_loaded) {
  const Imported result = imported(
      "a: {type: proxy, nat: true, listen: 'tcp:1.2.3.4:1', connect: 'tcp:1.2.3.5:1'}\n"
      "'b c': {type: proxy, nat: true, listen: 'tcp:[::]:2', connect: 'tcp:[2001:db8::1]:1'}\n");
  const Loaded loaded = load_yaml(result.yaml, "f.yaml");
  ASSERT_TRUE(loaded.config) << listed(loaded.problems) << result.yaml;
  ASSERT_EQ(loaded.config->forwardings.size(), 2U);
  EXPECT_EQ(loaded.config->forwardings[0].listen.text(), "tcp:1.2.3.4:1");
  EXPECT_EQ(loaded.config->forwardings[1].name, "b-c");
  EXPECT_EQ(loaded.config->forwardings[1].listen.text(), "tcp::2");
}

RC_GTEST_PROP(ImportLxd, no_text_breaks_it, ()) {
  const auto piece = rc::gen::element<std::string>("a: ", "type: proxy", "listen: ", "connect: ", "tcp:", "unix:/",
                                                   "127.0.0.1:", "80", "-", ",", "{", "}", "[", "]", "\n", "\n  ", "'",
                                                   "\"", "devices:", "config:", "volatile.idmap.current: ", "&x ", "*x",
                                                   "uid: 5", "#", "\t", "---\n");
  std::string text;
  for (const std::string& each : *rc::gen::container<std::vector<std::string>>(piece)) text += each;
  const Imported result = imported(text);
  RC_ASSERT(!result.yaml.empty() || !result.problems.empty());
  for (const Problem& each : result.notes) RC_ASSERT(each.what.find('\n') == std::string::npos);
  for (const Problem& each : result.problems) RC_ASSERT(each.what.find('\n') == std::string::npos);
}

}  // namespace
}  // namespace lastbyte::config
