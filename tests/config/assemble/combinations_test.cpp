// Settings that are each right and cannot be meant together, with the exact words that their owner gets.
#include "config/settings/config.h"
#include "tests/config/read/wrong_file.h"

namespace lastbyte::config {
namespace {

const std::vector<Case> kCombinationCases = {
    {"linger_time_below_timeout",
     forwarding_with("    linger: {time: 2s}\n"),
     {"f.yaml:4:20: linger.time: '2s': is less than linger.timeout, 5s (the default); expected at least that, or it "
      "never takes effect"}},
    {"linger_timeout_above_time",
     forwarding_with("    linger: {time: 2s, timeout: 3s}\n"),
     {"f.yaml:4:33: linger.timeout: '3s': is more than linger.time, 2s (f.yaml:4:20); expected at most that, or it "
      "never takes effect"}},
    {"linger_settings_while_off",
     forwarding_with("    linger: {mode: off, time: 2s, timeout: 1s}\n"),
     {"f.yaml:4:31: linger.time: '2s': has no effect while linger.mode is off; leave it out",
      "f.yaml:4:44: linger.timeout: '1s': has no effect while linger.mode is off; leave it out"}},
    {"linger_timeout_while_always",
     forwarding_with("    linger: {mode: always, timeout: 1s}\n"),
     {"f.yaml:4:37: linger.timeout: '1s': has no effect while linger.mode is always; leave it out"}},
    {"linger_time_while_defaults_say_off",
     "defaults:\n  linger: {mode: off}\n" + forwarding_with("    linger: {time: 20s}\n"),
     {"f.yaml:6:20: linger.time: '20s': has no effect while linger.mode is off; leave it out"}},
    {"keepalive_settings_while_off",
     forwarding_with("    upstream: {keepalive: {enabled: false, count: 3}}\n"),
     {"f.yaml:4:51: upstream.keepalive.count: '3': has no effect while upstream.keepalive.enabled is false; leave it "
      "out"}},
    {"log_target_that_is_a_word",
     process_with("log: {target: records}\n"),
     {"f.yaml:1:15: log.target: 'records': expected stderr, stdout, syslog, syslog:unix:/PATH, "
      "syslog:udp:ADDRESS:PORT, or a file's path with a '/', such as ./records.log, or off"}},
    {"log_messages_that_are_off",
     process_with("log: {messages: off}\n"),
     {"f.yaml:1:17: log.messages: 'off': expected stderr, stdout, syslog, syslog:unix:/PATH, "
      "syslog:udp:ADDRESS:PORT, or a file's path with a '/', such as ./records.log"}},
    {"syslog_receiver_with_a_name",
     process_with("log: {target: 'syslog:udp:logs.example:514'}\n"),
     {"f.yaml:1:15: log.target: 'syslog:udp:logs.example:514': expected syslog, syslog:unix:/PATH or "
      "syslog:udp:ADDRESS:PORT with a numeric address, or off"}},
    {"log_facility_without_syslog",
     process_with("log: {facility: local0}\n"),
     {"f.yaml:1:17: log.facility: 'local0': has no effect while log.target is stderr; leave it out"}},
    {"log_sample_while_off",
     process_with("log: {target: off, sample: 0.5}\n"),
     {"f.yaml:1:28: log.sample: '0.5': has no effect while log.target is off; leave it out"}},
    {"listener_over_total",
     process_with("max-sessions: 100\n") + "    max-sessions: 500\n",
     {"f.yaml:5:19: max-sessions: '500': is more than the max-sessions, 100 (f.yaml:1:15) of the whole process; "
      "expected at most that"}},
    {"client_over_listener",
     forwarding_with("    max-sessions: 10\n    max-sessions-per-client: 20\n"),
     {"f.yaml:5:30: max-sessions-per-client: '20': is more than max-sessions, 10 (f.yaml:4:19); expected at most "
      "that"}},
    {"client_over_total",
     process_with("max-sessions: 5\n") + "    max-sessions-per-client: 20\n",
     {"f.yaml:5:30: max-sessions-per-client: '20': is more than the max-sessions, 5 (f.yaml:1:15) of the whole "
      "process; expected at most that"}},
    {"fast_open_over_backlog",
     forwarding_with("    client: {backlog: 16, fast-open: 32}\n"),
     {"f.yaml:4:38: client.fast-open: '32': is more than client.backlog, 16 (f.yaml:4:23); expected at most that, "
      "because all waiting connections share the backlog"}},
    {"source_of_another_family",
     forwarding_with("    upstream: {sources: [10.0.0.9, '2001:db8::1']}\n"),
     {"f.yaml:4:36: upstream.sources: '2001:db8::1': is IPv6, but the upstream, 10.0.0.1, is IPv4; expected the same"}},
    {"source_on_loopback",
     forwarding_with("    upstream: {sources: 127.0.0.2}\n"),
     {"f.yaml:4:25: upstream.sources: '127.0.0.2': is a loopback address, from which the upstream, 10.0.0.1, cannot be "
      "reached"}},
    {"source_port_with_all_workers",
     forwarding_with("    upstream: {sources: '10.0.0.9:4000'}\n"),
     {"f.yaml:4:25: upstream.sources: '10.0.0.9:4000': names a port, which several workers cannot share; expected no "
      "port, or workers to be 1 (it is workers, auto (the default))"}},
    {"source_port_with_two_workers",
     process_with("workers: 2\n") + "    upstream: {sources: '10.0.0.9:4000'}\n",
     {"f.yaml:5:25: upstream.sources: '10.0.0.9:4000': names a port, which several workers cannot share; expected no "
      "port, or workers to be 1 (it is workers, 2 (f.yaml:1:10))"}},
    {"listen_on_a_mapped_address",
     "forwardings:\n  - listen: tcp:[::ffff:127.0.0.1]:80\n    connect: tcp:10.0.0.1:80\n",
     {"f.yaml:2:13: listen: 'tcp:[::ffff:127.0.0.1]:80': an IPv4-mapped address never receives an IPv6 connection; "
      "expected plain IPv4"}},
};

/// A file with one forwarding, to which `more` is added in its line.
std::string ends(const std::string& listen, const std::string& connect, const std::string& more = "") {
  return "forwardings:\n  - listen: " + listen + "\n    connect: " + connect + "\n" + more;
}

std::string no_effect(const std::string& at, const std::string& key, const std::string& value, const std::string& why) {
  return "f.yaml:" + at + ": " + key + ": '" + value + "': has no effect while " + why + "; leave it out";
}

// What a socket of that kind cannot have.
const std::vector<Case> kKindCases = {
    {"udp_listener",
     ends("udp::1", "udp:h:1",
          "    early-fin: abort\n    limits: {idle: 1s, half-close: 2s, reset-flush: 3s}\n    linger: {mode: off}\n"
          "    client: {nodelay: false, user-timeout: 1s, backlog: 5, fast-open: 5, proxy-protocol: optional}\n"
          "    upstream: {keepalive: {enabled: false}, fast-open: true, proxy-protocol: v2}\n"),
     {no_effect("4:16", "early-fin", "abort", "listen is udp, only while it is tcp or unix"),
      no_effect("5:20", "limits.idle", "1s", "listen is udp, only while it is tcp or unix"),
      no_effect("5:36", "limits.half-close", "2s", "listen is udp, only while it is tcp or unix"),
      no_effect("5:53", "limits.reset-flush", "3s", "listen is udp, only while it is tcp or unix"),
      no_effect("6:20", "linger.mode", "off", "listen is udp, only while it is tcp or unix"),
      no_effect("7:23", "client.nodelay", "false", "listen is udp, only while it is tcp"),
      no_effect("7:44", "client.user-timeout", "1s", "listen is udp, only while it is tcp"),
      no_effect("7:57", "client.backlog", "5", "listen is udp, only while it is tcp or unix"),
      no_effect("7:71", "client.fast-open", "5", "listen is udp, only while it is tcp"),
      no_effect("7:90", "client.proxy-protocol", "optional", "listen is udp, only while it is tcp or unix"),
      no_effect("8:37", "upstream.keepalive.enabled", "false", "connect is udp, only while it is tcp"),
      no_effect("8:56", "upstream.fast-open", "true", "connect is udp, only while it is tcp"),
      no_effect("8:78", "upstream.proxy-protocol", "v2", "connect is udp, only while it is tcp or unix")}},
    {"unix_path",
     ends("unix:/a", "unix:/b",
          "    client: {mark: 1, interface: lo, receive-buffer: 4k, reuse-port: true, netns: blue}\n"
          "    upstream: {sources: 10.0.0.1, netns: blue, transparent: ip, user-timeout: 1s}\n"),
     {no_effect("4:20", "client.mark", "1", "listen is the path of a unix socket, only while it is tcp or udp"),
      no_effect("4:34", "client.interface", "lo", "listen is the path of a unix socket, only while it is tcp or udp"),
      no_effect("4:54", "client.receive-buffer", "4k",
                "listen is the path of a unix socket, only while it is tcp or udp"),
      no_effect("4:70", "client.reuse-port", "true",
                "listen is the path of a unix socket, only while it is tcp or udp"),
      no_effect("4:83", "client.netns", "blue",
                "listen is the path of a unix socket, only while it is tcp, udp or an abstract unix socket"),
      no_effect("5:25", "upstream.sources", "10.0.0.1",
                "connect is the path of a unix socket, only while it is tcp or udp"),
      no_effect("5:42", "upstream.netns", "blue",
                "connect is the path of a unix socket, only while it is tcp, udp or an abstract unix socket"),
      no_effect("5:61", "upstream.transparent", "ip",
                "connect is the path of a unix socket, only while it is tcp or udp"),
      no_effect("5:79", "upstream.user-timeout", "1s", "connect is the path of a unix socket, only while it is tcp")}},
    {"file_without_a_path",
     ends("unix:@a", "tcp:h:1",
          "    client: {unix-mode: 0600, unix-uid: 1, unix-gid: 1, root: /r}\n    upstream: {root: 'pid:7'}\n"),
     {no_effect("4:25", "client.unix-mode", "0600",
                "listen is an abstract unix socket, only while it is the path of a unix socket"),
      no_effect("4:41", "client.unix-uid", "1",
                "listen is an abstract unix socket, only while it is the path of a unix socket"),
      no_effect("4:54", "client.unix-gid", "1",
                "listen is an abstract unix socket, only while it is the path of a unix socket"),
      no_effect("4:63", "client.root", "/r",
                "listen is an abstract unix socket, only while it is the path of a unix socket"),
      no_effect("5:22", "upstream.root", "pid:7", "connect is tcp, only while it is the path of a unix socket")}},
    {"datagram_settings_of_streams",
     ends("tcp::1", "unix:/x", "    when-full: oldest\n    limits: {datagram-idle: 1s}\n"),
     {no_effect("4:16", "when-full", "oldest", "listen is tcp, only while it is udp"),
      no_effect("5:29", "limits.datagram-idle", "1s", "connect is the path of a unix socket, only while it is udp")}},
    {"both_given_in_defaults",
     "defaults: {connect: 'udp:h:1', upstream: {nodelay: false}}\nforwardings: [{listen: 'udp::1'}]\n",
     {no_effect("1:52", "upstream.nodelay", "false", "connect is udp, only while it is tcp")}},
    {"what_depends_on_it_is_not_told",
     ends("udp::1", "udp:h:1", "    client: {proxy-protocol: required}\n    limits: {proxy-header: 1s}\n"),
     {no_effect("4:30", "client.proxy-protocol", "required", "listen is udp, only while it is tcp or unix")}},
    {"proxy_settings_while_off",
     ends("tcp::1", "tcp:h:1", "    client: {proxy-trusted: 10.0.0.1}\n    limits: {proxy-header: 1s}\n"),
     {no_effect("4:29", "client.proxy-trusted", "10.0.0.1", "client.proxy-protocol is off"),
      no_effect("5:28", "limits.proxy-header", "1s", "client.proxy-protocol is off")}},
    {"trust_in_unix_clients",
     ends("unix:/x", "tcp:h:1", "    client: {proxy-protocol: required, proxy-trusted: 10.0.0.1}\n"),
     {no_effect("4:55", "client.proxy-trusted", "10.0.0.1",
                "listen is the path of a unix socket, only while it is tcp")}},
    {"sources_of_a_transparent_upstream",
     ends("tcp::1", "tcp:h:1", "    upstream: {transparent: ip, sources: 10.0.0.1}\n"),
     {no_effect("4:42", "upstream.sources", "10.0.0.1", "upstream.transparent is ip")}},
    {"endpoints_that_could_not_be_read_tell_nothing_of_the_rest",
     ends("upd::1", "tcp:h:0", "    client: {nodelay: false, unix-mode: 0600}\n    upstream: {nodelay: false}\n"),
     {"f.yaml:2:13: listen: 'upd::1': expected tcp:HOST:PORT, udp:HOST:PORT, unix:/PATH or unix:@NAME",
      "f.yaml:3:14: connect: 'tcp:h:0': the port is '0'; expected 1 to 65535"}},
    {"endpoints_that_are_missing_tell_nothing_of_the_rest",
     "forwardings:\n  - client: {unix-mode: 0600}\n    upstream: {proxy-protocol: v1}\n    connect: tcp:h:1\n",
     {"f.yaml:2:5: listen: missing; expected tcp:HOST:PORTS, tcp:[V6]:PORTS, tcp::PORTS, the same with udp, unix:/PATH "
      "or unix:@NAME"}},
};

const std::vector<Case> kEndCases = {
    {"fewer_ports_to_connect_to",
     ends("tcp::80-82", "tcp:h:90-91"),
     {"f.yaml:3:14: connect: 'tcp:h:90-91': 2 ports for the 3 of listen, tcp::80-82 (f.yaml:2:13); expected as many, "
      "or one"}},
    {"more_ports_to_connect_to",
     ends("tcp::80", "tcp:h:1-1000"),
     {"f.yaml:3:14: connect: 'tcp:h:1-1000': 1000 ports for the 1 of listen, tcp::80 (f.yaml:2:13); expected as many, "
      "or one"}},
    {"ports_for_a_path",
     ends("unix:/x", "tcp:h:1,2"),
     {"f.yaml:3:14: connect: 'tcp:h:1,2': 2 ports for the 1 of listen, unix:/x (f.yaml:2:13); expected as many, or "
      "one"}},
    {"ports_for_port_0",
     ends("tcp::0", "tcp:h:1,2"),
     {"f.yaml:3:14: connect: 'tcp:h:1,2': 2 ports for the 1 of listen, tcp::0 (f.yaml:2:13); expected as many, or "
      "one"}},
    {"ports_of_defaults",
     "defaults: {connect: 'tcp:h:1-2'}\nforwardings:\n  - listen: tcp::1-2\n  - listen: tcp::3\n",
     {"f.yaml:1:21: connect: 'tcp:h:1-2': 2 ports for the 1 of listen, tcp::3 (f.yaml:4:13); expected as many, or "
      "one"}},
    {"datagrams_to_tcp",
     ends("udp::80", "tcp:h:80"),
     {"f.yaml:3:14: connect: 'tcp:h:80': only udp can carry datagrams, which listen, udp::80 (f.yaml:2:13) receives; "
      "expected udp:HOST:PORTS"}},
    {"datagrams_to_unix",
     ends("udp::80", "unix:/x"),
     {"f.yaml:3:14: connect: 'unix:/x': only udp can carry datagrams, which listen, udp::80 (f.yaml:2:13) receives; "
      "expected udp:HOST:PORTS"}},
    {"networks_of_unix_clients",
     ends("unix:/x", "tcp:h:1", "    client: {allow: 10.0.0.0/8}\n"),
     {"f.yaml:4:21: client.allow: '10.0.0.0/8': allows no client, because clients of listen, unix:/x (f.yaml:2:13) "
      "have "
      "no address; expected none here, or client.proxy-protocol"}},
};

/// Two forwardings, listening and connecting as given.
std::string two(const std::string& listen_a, const std::string& connect_a, const std::string& listen_b,
                const std::string& connect_b) {
  return "forwardings:\n  - listen: " + listen_a + "\n    connect: " + connect_a +
         "\n    name: a\n  - listen: " + listen_b + "\n    connect: " + connect_b + "\n    name: b\n";
}

std::string conflict(const std::string& listen_b, const std::string& listen_a) {
  return "f.yaml:5:13: listen: '" + listen_b + "': conflicts with the listener '" + listen_a +
         "' (f.yaml:2:13); expected each address and port once";
}

std::vector<Case> listener_cases() {
  const auto clash = [](const std::string& name, const std::string& a, const std::string& b) {
    return Case{name, two(a, "tcp:h:9", b, "tcp:h:9"), {conflict(b, a)}};
  };
  return {
      clash("same_listener", "tcp:127.0.0.1:80", "tcp:127.0.0.1:80"),
      clash("same_name_in_capitals", "tcp:Host:80", "tcp:host:80"),
      clash("localhost", "tcp:localhost:80", "tcp:127.0.0.1:80"),
      clash("same_v6_written_otherwise", "tcp:[::1]:80", "tcp:[0:0::1]:80"),
      clash("all_and_one", "tcp:0.0.0.0:80", "tcp:127.0.0.1:80"),
      clash("one_and_all_families", "tcp:[::1]:80", "tcp::80"),
      clash("all_families_and_all_v4", "tcp::80", "tcp:0.0.0.0:80"),
      clash("same_path", "unix:/a", "unix:/a"),
      clash("same_abstract_name", "unix:@a", "unix:@a"),
      clash("a_port_of_a_range", "tcp::80-90", "tcp:127.0.0.1:85"),
      clash("ranges_that_overlap", "tcp::80-90", "tcp::85,90-95"),
      {"same_udp_port", two("udp::53", "udp:h:9", "udp::53", "udp:h:9"), {conflict("udp::53", "udp::53")}},
      {"same_path_in_one_root",
       "defaults: {connect: 'tcp:h:9', client: {root: 'pid:7'}}\nforwardings:\n  - listen: unix:/a\n    name: a\n"
       "  - listen: unix:/a\n",
       {"f.yaml:5:13: listen: 'unix:/a': conflicts with the listener 'unix:/a' (f.yaml:3:13); expected each address "
        "and port once"}},
      {"same_path_in_one_root_written_otherwise",
       "defaults: {connect: 'tcp:h:9'}\nforwardings:\n  - listen: unix:/a\n    client: {root: 'pid:7'}\n"
       "  - listen: unix:/proc/7/root/a\n",
       {"f.yaml:5:13: listen: 'unix:/a': conflicts with the listener 'unix:/a' (f.yaml:3:13); expected each address "
        "and port once"}},
      {"to_its_own_path_in_a_root",
       ends("unix:/a", "unix:/proc/7/root/a", "    client: {root: 'pid:7'}\n"),
       {"f.yaml:3:14: connect: 'unix:/a': leads to its own listener 'unix:/a' (f.yaml:2:13), which makes a loop"}},
      {"a_root_and_a_path_through_one",
       ends("unix:/a", "unix:/proc/7/root/a", "    upstream: {root: 'pid:7'}\n"),
       {"f.yaml:4:22: upstream.root: 'pid:7': connect already leads through the root directory of a process, "
        "'/proc/7/root/a'; expected one of the two"}},
      // The namespace of a process is another one for a path only in its mounts: the file is the same.
      {"same_path_whatever_the_namespace_of_its_upstream",
       two("unix:/a", "tcp:h:9", "unix:/a", "tcp:h:9") + "    upstream: {netns: blue}\n",
       {conflict("unix:/a", "unix:/a")}},
      {"same_port_in_one_namespace",
       "defaults: {client: {netns: blue}}\n" + two("tcp::80", "tcp:h:9", "tcp::80", "tcp:h:9"),
       {"f.yaml:6:13: listen: 'tcp::80': conflicts with the listener 'tcp::80' (f.yaml:3:13); expected each address "
        "and "
        "port once"}},
      {"same_name_given",
       "forwardings:\n  - {name: a, listen: 'tcp::1', connect: 'tcp:h:9'}\n"
       "  - {name: a, listen: 'tcp::2', connect: 'tcp:h:9'}\n",
       {"f.yaml:3:12: name: 'a': another forwarding has this name (f.yaml:2:5); expected each once"}},
      {"name_that_is_another_s_endpoint",
       "forwardings:\n  - {name: 'tcp::2', listen: 'tcp::1', connect: 'tcp:h:9'}\n"
       "  - {listen: 'tcp::2', connect: 'tcp:h:9'}\n",
       {"f.yaml:3:14: name: 'tcp::2': another forwarding has this name (f.yaml:2:5); expected each once"}},
      {"to_its_own_listener",
       "forwardings:\n  - listen: tcp::80\n    connect: tcp:127.0.0.1:80\n",
       {"f.yaml:3:14: connect: 'tcp:127.0.0.1:80': leads to its own listener 'tcp::80' (f.yaml:2:13), which makes a "
        "loop"}},
      {"to_its_own_name",
       "forwardings:\n  - listen: tcp:web.example:80\n    connect: tcp:web.example:80\n",
       {"f.yaml:3:14: connect: 'tcp:web.example:80': leads to its own listener 'tcp:web.example:80' (f.yaml:2:13), "
        "which makes a loop"}},
      {"to_its_own_udp_port",
       ends("udp::53", "udp:127.0.0.1:53"),
       {"f.yaml:3:14: connect: 'udp:127.0.0.1:53': leads to its own listener 'udp::53' (f.yaml:2:13), which makes a "
        "loop"}},
      {"to_its_own_path",
       ends("unix:/a", "unix:/a"),
       {"f.yaml:3:14: connect: 'unix:/a': leads to its own listener 'unix:/a' (f.yaml:2:13), which makes a loop"}},
      {"to_its_own_port_in_a_namespace",
       ends("tcp::80", "tcp:127.0.0.1:80", "    client: {netns: blue}\n    upstream: {netns: blue}\n"),
       {"f.yaml:3:14: connect: 'tcp:127.0.0.1:80': leads to its own listener 'tcp::80' (f.yaml:2:13), which makes a "
        "loop"}},
      {"from_a_range_to_one_of_its_ports",
       ends("tcp::80-82", "tcp:127.0.0.1:81"),
       {"f.yaml:3:14: connect: 'tcp:127.0.0.1:81': leads to its own listener 'tcp::80-82' (f.yaml:2:13), which makes a "
        "loop"}},
      {"around_within_a_range",
       ends("tcp::80-82", "tcp:127.0.0.1:81,82,80"),
       {"f.yaml:3:14: connect: 'tcp:127.0.0.1:81,82,80': leads to its own listener 'tcp::80-82' (f.yaml:2:13), which "
        "makes a loop"}},
      {"through_the_last_port_of_a_range",
       two("tcp::1-3", "tcp:127.0.0.1:11-13", "tcp::13", "tcp:[::1]:3"),
       {"f.yaml:3:14: connect: 'tcp:127.0.0.1:11-13': leads to the listener 'tcp::13' (f.yaml:5:13) and from there "
        "back, which makes a loop",
        "f.yaml:6:14: connect: 'tcp:[::1]:3': leads to the listener 'tcp::1-3' (f.yaml:2:13) and from there back, "
        "which makes a loop"}},
      {"through_a_path",
       two("tcp::1", "unix:/a", "unix:/a", "tcp:127.0.0.1:1"),
       {"f.yaml:3:14: connect: 'unix:/a': leads to the listener 'unix:/a' (f.yaml:5:13) and from there back, which "
        "makes a loop",
        "f.yaml:6:14: connect: 'tcp:127.0.0.1:1': leads to the listener 'tcp::1' (f.yaml:2:13) and from there back, "
        "which makes a loop"}},
      {"through_namespaces",
       "forwardings:\n  - {name: a, listen: 'tcp::1', connect: 'tcp:127.0.0.1:2', upstream: {netns: blue}}\n"
       "  - {name: b, listen: 'tcp::2', connect: 'tcp:127.0.0.1:1', client: {netns: blue}}\n",
       {"f.yaml:2:42: connect: 'tcp:127.0.0.1:2': leads to the listener 'tcp::2' (f.yaml:3:23) and from there back, "
        "which makes a loop",
        "f.yaml:3:42: connect: 'tcp:127.0.0.1:1': leads to the listener 'tcp::1' (f.yaml:2:23) and from there back, "
        "which makes a loop"}},
      {"in_a_circle",
       two("tcp::1", "tcp:127.0.0.1:2", "tcp:127.0.0.1:2", "tcp:[::1]:1"),
       {"f.yaml:3:14: connect: 'tcp:127.0.0.1:2': leads to the listener 'tcp:127.0.0.1:2' (f.yaml:5:13) and from there "
        "back, which makes a loop",
        "f.yaml:6:14: connect: 'tcp:[::1]:1': leads to the listener 'tcp::1' (f.yaml:2:13) and from there back, "
        "which makes a loop"}},
  };
}

INSTANTIATE_TEST_SUITE_P(Combinations, WrongFile, testing::ValuesIn(kCombinationCases), case_name);
INSTANTIATE_TEST_SUITE_P(Kinds, WrongFile, testing::ValuesIn(kKindCases), case_name);
INSTANTIATE_TEST_SUITE_P(Ends, WrongFile, testing::ValuesIn(kEndCases), case_name);
INSTANTIATE_TEST_SUITE_P(Listeners, WrongFile, testing::ValuesIn(listener_cases()), case_name);

/// The warnings of a file without problems, a line each.
std::string warnings_of(const std::string& yaml) {
  const Loaded loaded = load_yaml(yaml, "f.yaml");
  EXPECT_TRUE(loaded.config) << loaded.problems.front().text();
  std::string lines;
  for (const Problem& warning : loaded.warnings) lines += warning.text() + "\n";
  return lines;
}

std::string headers_from_anybody(const std::string& where, const std::string& keys) {
  return where +
         ": any client can claim any address in its PROXY header, and these settings go by that address: " + keys +
         "; name the load balancers in client.proxy-trusted\n";
}

TEST(Warnings, settings_by_address_beside_headers_from_anybody) {
  EXPECT_EQ(warnings_of(forwarding_with("    client: {proxy-protocol: optional, deny: 10.0.0.0/8}\n")),
            headers_from_anybody("f.yaml:4:30: client.proxy-protocol: 'optional'", "client.deny"));
  EXPECT_EQ(warnings_of(forwarding_with("    client: {proxy-protocol: required, allow: '::1', deny: 10.0.0.0/8}\n"
                                        "    max-sessions-per-client: 5\n    upstream: {transparent: ip}\n")),
            headers_from_anybody("f.yaml:4:30: client.proxy-protocol: 'required'",
                                 "client.allow, client.deny, max-sessions-per-client, upstream.transparent"));
}

TEST(Warnings, are_given_once_for_what_all_inherit) {
  EXPECT_EQ(warnings_of("defaults: {client: {proxy-protocol: required, deny: 10.0.0.0/8}}\n" + forwarding_with("") +
                        "  - {listen: tcp::81, connect: tcp:h:1}\n"),
            headers_from_anybody("f.yaml:1:37: client.proxy-protocol: 'required'", "client.deny"));
}

TEST(Warnings, there_are_none_where_headers_are_trusted_or_nothing_goes_by_them) {
  for (const auto* client : {"{proxy-protocol: required, proxy-trusted: 10.0.0.1, deny: 10.0.0.0/8}",
                             "{deny: 10.0.0.0/8}", "{proxy-protocol: required}"})
    EXPECT_EQ(warnings_of(forwarding_with("    client: " + std::string(client) + "\n")), "");
  EXPECT_EQ(warnings_of("forwardings:\n  - listen: unix:/run/x\n    connect: tcp:h:1\n"
                        "    client: {proxy-protocol: required, deny: 10.0.0.0/8}\n"),
            "");
}

}  // namespace
}  // namespace lastbyte::config
