// Every way in which a file can be wrong, with the exact words that its owner gets.
#include <gtest/gtest.h>

#include "config/config.h"

namespace lastbyte::config {
namespace {

struct Case {
  std::string name;
  std::string yaml;
  std::vector<std::string> problems;
};

std::ostream& operator<<(std::ostream& out, const Case& each) { return out << each.name; }

class WrongFile : public testing::TestWithParam<Case> {};

TEST_P(WrongFile, is_told_with_place_value_and_expectation) {
  const Loaded loaded = load_yaml(GetParam().yaml, "f.yaml");
  EXPECT_FALSE(loaded.config);
  std::vector<std::string> problems;
  problems.reserve(loaded.problems.size());
  for (const Problem& problem : loaded.problems) problems.push_back(problem.text());
  EXPECT_EQ(problems, GetParam().problems);
}

/// A file with one right forwarding, to which `more` is added at its level.
std::string forwarding_with(const std::string& more) {
  return "forwardings:\n  - listen: tcp:127.0.0.1:80\n    connect: tcp:10.0.0.1:8080\n" + more;
}

/// A file with one right forwarding and `top` before it.
std::string process_with(const std::string& top) { return top + forwarding_with(""); }

const std::vector<Case> kShapeCases = {
    {"empty", "", {"f.yaml:1:1: the file is empty; expected at least forwardings"}},
    {"comments_only", "# nothing\n", {"f.yaml:1:1: the file is empty; expected at least forwardings"}},
    {"a_word", "hello\n", {"f.yaml:1:1: found 'hello'; expected a mapping with the key forwardings"}},
    {"a_list", "- a\n", {"f.yaml:1:1: found a list; expected a mapping with the key forwardings"}},
    {"broken_syntax", "workers: 2\nforwardings: [\n", {"f.yaml:3:1: not valid YAML: end of sequence flow not found"}},
    {"second_document",
     process_with("") + "---\nworkers: 1\n",
     {"f.yaml:4:1: not part of the document so far; expected one document in the file"}},
    {"a_comma", ",\n", {"f.yaml:1:1: not part of the document so far; expected one document in the file"}},
    {"no_forwardings", "workers: 2\n", {"f.yaml:1:1: forwardings: missing; expected at least one forwarding"}},
    {"empty_forwardings",
     "workers: 2\nforwardings: []\n",
     {"f.yaml:2:1: forwardings: is empty; expected at least one forwarding"}},
    {"null_forwardings", "forwardings:\n", {"f.yaml:1:1: forwardings: is empty; expected at least one forwarding"}},
    {"forwardings_not_a_list",
     "forwardings:\n  listen: tcp::80\n",
     {"f.yaml:2:3: forwardings: found a mapping; expected a list of mappings"}},
    {"forwarding_not_a_mapping",
     "forwardings:\n  - tcp::80\n",
     {"f.yaml:2:5: forwardings: found 'tcp::80'; expected a mapping with at least listen and connect"}},
    {"listen_and_connect_missing",
     "forwardings:\n  - name: web\n",
     {"f.yaml:2:5: listen: missing; expected tcp:HOST:PORTS, tcp:[V6]:PORTS, tcp::PORTS, the same with udp, unix:/PATH "
      "or unix:@NAME",
      "f.yaml:2:5: connect: missing; expected tcp:HOST:PORTS, tcp:[V6]:PORTS, the same with udp, unix:/PATH or "
      "unix:@NAME"}},
};

const std::vector<Case> kKeyCases = {
    {"misspelt_at_top",
     process_with("wrokers: 2\n"),
     {"f.yaml:1:1: unknown key 'wrokers' at the top of the file; did you mean 'workers'?"}},
    {"misspelt_in_forwarding",
     forwarding_with("    early_fin: keep\n"),
     {"f.yaml:4:5: unknown key 'early_fin' in a forwarding; did you mean 'early-fin'?"}},
    {"misspelt_deep",
     forwarding_with("    client:\n      keepalive:\n        intervall: 5s\n"),
     {"f.yaml:6:9: unknown key 'client.keepalive.intervall' in a forwarding; did you mean "
      "'client.keepalive.interval'?"}},
    {"unlike_any",
     forwarding_with("    linger:\n      zzzzzz: 5s\n"),
     {"f.yaml:5:7: unknown key 'linger.zzzzzz' in a forwarding; expected one of mode, time, timeout"}},
    {"at_the_wrong_level",
     process_with("listen: tcp::80\n"),
     {"f.yaml:1:1: unknown key 'listen' at the top of the file; it stands in a forwarding"}},
    {"process_key_in_forwarding",
     forwarding_with("    workers: 2\n"),
     {"f.yaml:4:5: unknown key 'workers' in a forwarding; it stands at the top of the file"}},
    {"listen_in_defaults",
     process_with("defaults:\n  listen: tcp::80\n"),
     {"f.yaml:2:3: unknown key 'listen' in defaults; it stands in a forwarding"}},
    {"only_the_upstream_has_sources",
     forwarding_with("    client:\n      sources: [10.0.0.1]\n"),
     {"f.yaml:5:7: unknown key 'client.sources' in a forwarding; expected one of nodelay, keepalive, user-timeout, "
      "send-buffer, receive-buffer, mark, interface, backlog, defer-accept, fast-open, reuse-port, netns, unix-mode, "
      "unix-uid, unix-gid, allow, deny, proxy-protocol, proxy-trusted"}},
    {"merge_key",
     process_with("") + "    <<: {name: a}\n",
     {"f.yaml:4:5: unknown key '<<' in a forwarding; merge keys are not supported: use defaults"}},
    {"given_twice",
     process_with("workers: 1\ndrain: 5s\nworkers: 1\n"),
     {"f.yaml:3:1: key 'workers' given twice; it was given at f.yaml:1:1 already"}},
    {"block_given_twice",
     forwarding_with("    linger: {mode: on}\n    linger: {time: 9s}\n"),
     {"f.yaml:5:5: key 'linger' given twice; it was given at f.yaml:4:5 already"}},
    {"a_list_as_key",
     process_with("? [a]\n: 1\n"),
     {"f.yaml:1:3: a list as a key; expected one of workers, max-sessions, drain, user, group, log, defaults, "
      "forwardings"}},
};

const std::vector<Case> kTypeCases = {
    {"list_for_a_value",
     process_with("workers: [1, 2]\n"),
     {"f.yaml:1:10: workers: found a list; expected 1 to 1024, or auto"}},
    {"mapping_for_a_value",
     process_with("drain: {time: 5s}\n"),
     {"f.yaml:1:8: drain: found a mapping; expected 0s to 365d"}},
    {"nothing_for_a_value", process_with("drain:\n"), {"f.yaml:1:1: drain: found nothing; expected 0s to 365d"}},
    {"value_for_a_block",
     forwarding_with("    linger: on\n"),
     {"f.yaml:4:13: linger: found 'on'; expected a mapping with keys of mode, time, timeout"}},
    {"list_in_a_list",
     forwarding_with("    upstream:\n      sources: [10.0.0.1, [10.0.0.2]]\n"),
     {"f.yaml:5:27: upstream.sources: found a list in the list; expected numeric addresses"}},
    {"not_a_boolean",
     forwarding_with("    client: {nodelay: yes}\n"),
     {"f.yaml:4:23: client.nodelay: 'yes': expected true or false"}},
    {"not_a_mode",
     forwarding_with("    linger: {mode: sometimes}\n"),
     {"f.yaml:4:20: linger.mode: 'sometimes': expected off, on or always"}},
    {"not_a_number",
     process_with("workers: two\n"),
     {"f.yaml:1:10: workers: 'two': not a whole number; expected 1 to 1024, or auto"}},
    {"name_with_space",
     forwarding_with("    name: my web\n"),
     {"f.yaml:4:11: name: 'my web': expected a name: 1 to 300 printable ASCII characters without spaces"}},
    {"interface_with_slash",
     forwarding_with("    client: {interface: a/b}\n"),
     {"f.yaml:4:25: client.interface: 'a/b': expected the name of a network interface: no '/' and no ':', or none"}},
};

const std::vector<Case> kValueCases = {
    {"no_unit",
     process_with("drain: 30\n"),
     {"f.yaml:1:8: drain: '30': has no unit; expected a duration such as 500ms, 5s, 2m, 1h or 1d"}},
    {"wrong_unit",
     forwarding_with("    limits: {idle: 5min}\n"),
     {"f.yaml:4:20: limits.idle: '5min': 'min' is not a unit of time; expected ms, s, m, h or d"}},
    {"wrong_size_unit",
     forwarding_with("    client: {send-buffer: 64kB}\n"),
     {"f.yaml:4:27: client.send-buffer: '64kB': 'kB' is not a unit of size; expected a size such as 4096, 64k, 4M or "
      "1G, or none"}},
    {"zero_limit",
     forwarding_with("    limits: {connect: 0s}\n"),
     {"f.yaml:4:23: limits.connect: '0s': out of range; expected 1ms to 365d"}},
    {"too_many_workers",
     process_with("workers: 5000\n"),
     {"f.yaml:1:10: workers: '5000': out of range; expected 1 to 1024, or auto"}},
    {"keepalive_count",
     forwarding_with("    upstream: {keepalive: {count: 128}}\n"),
     {"f.yaml:4:35: upstream.keepalive.count: '128': out of range; expected 1 to 127"}},
    {"port_over_65535",
     "forwardings:\n  - listen: tcp::70000\n    connect: tcp:10.0.0.1:80\n",
     {"f.yaml:2:13: listen: 'tcp::70000': the port is '70000'; expected 0 to 65535"}},
    {"connect_port_0",
     "forwardings:\n  - listen: tcp::80\n    connect: tcp:10.0.0.1:0\n",
     {"f.yaml:3:14: connect: 'tcp:10.0.0.1:0': the port is '0'; expected 1 to 65535"}},
    {"connect_to_no_host",
     "forwardings:\n  - listen: tcp::80\n    connect: tcp::81\n",
     {"f.yaml:3:14: connect: 'tcp::81': the host is missing; expected tcp:HOST:PORT or tcp:[IPV6]:PORT"}},
    {"each_of_several",
     "workers: -1\nforwardings:\n  - listen: tcp::70000\n    connect: tcp:10.0.0.1:99999\n    linger: {time: 5}\n",
     {"f.yaml:1:10: workers: '-1': out of range; expected 1 to 1024, or auto",
      "f.yaml:3:13: listen: 'tcp::70000': the port is '70000'; expected 0 to 65535",
      "f.yaml:4:14: connect: 'tcp:10.0.0.1:99999': the port is '99999'; expected 1 to 65535",
      "f.yaml:5:20: linger.time: '5': has no unit; expected a duration such as 500ms, 5s, 2m, 1h or 1d"}},
    {"in_defaults_told_once",
     "defaults:\n  limits: {idle: x}\nforwardings:\n  - {listen: 'tcp::1', connect: 'tcp:a:1'}\n"
     "  - {listen: 'tcp::2', connect: 'tcp:a:1'}\n",
     {"f.yaml:2:18: limits.idle: 'x': not a duration; expected a duration such as 500ms, 5s, 2m, 1h or 1d"}},
    {"in_the_order_of_the_file",
     "drain: 5\nforwardings:\n  - listen: tcp::99999\n    conect: tcp:h:1\n    name: my web\nworker: 1\n",
     {"f.yaml:1:8: drain: '5': has no unit; expected a duration such as 500ms, 5s, 2m, 1h or 1d",
      "f.yaml:3:5: connect: missing; expected tcp:HOST:PORTS, tcp:[V6]:PORTS, the same with udp, unix:/PATH or "
      "unix:@NAME",
      "f.yaml:3:13: listen: 'tcp::99999': the port is '99999'; expected 0 to 65535",
      "f.yaml:4:5: unknown key 'conect' in a forwarding; did you mean 'connect'?",
      "f.yaml:5:11: name: 'my web': expected a name: 1 to 300 printable ASCII characters without spaces",
      "f.yaml:6:1: unknown key 'worker' at the top of the file; did you mean 'workers'?"}},
    {"combination_in_defaults_told_once",
     "defaults:\n  linger: {time: 2s, timeout: 3s}\nforwardings:\n  - {listen: 'tcp::1', connect: 'tcp:a:1'}\n"
     "  - {listen: 'tcp::2', connect: 'tcp:a:1'}\n",
     {"f.yaml:2:31: linger.timeout: '3s': is more than linger.time, 2s (f.yaml:2:18); expected at most that, or it "
      "could never pass"}},
    {"source_given_twice",
     forwarding_with("    upstream: {sources: [10.0.0.1, 10.0.0.1]}\n"),
     {"f.yaml:4:36: upstream.sources: '10.0.0.1': given twice; expected each once"}},
    {"source_is_a_name",
     forwarding_with("    upstream: {sources: here}\n"),
     {"f.yaml:4:25: upstream.sources: 'here': not an address; expected a numeric address such as 10.0.0.1, "
      "10.0.0.1:4000, ::1 or [::1]:4000"}},
};

const std::vector<Case> kCombinationCases = {
    {"linger_time_below_timeout",
     forwarding_with("    linger: {time: 2s}\n"),
     {"f.yaml:4:20: linger.time: '2s': is less than linger.timeout, 5s (the default); expected at least that, or it "
      "could never pass"}},
    {"linger_timeout_above_time",
     forwarding_with("    linger: {time: 2s, timeout: 3s}\n"),
     {"f.yaml:4:33: linger.timeout: '3s': is more than linger.time, 2s (f.yaml:4:20); expected at most that, or it "
      "could never pass"}},
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
    {"log_format_while_off",
     process_with("log: {target: off, format: json}\n"),
     {"f.yaml:1:28: log.format: 'json': has no effect while log.target is off; leave it out"}},
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
      "which all waiting connections share"}},
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
     {"f.yaml:2:13: listen: 'tcp:[::ffff:127.0.0.1]:80': an IPv4 address in IPv6 clothes never gets a connection; "
      "expected plain IPv4"}},
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
       {"f.yaml:3:14: connect: 'tcp:127.0.0.1:80': leads to its own listener 'tcp::80' (f.yaml:2:13), without end"}},
      {"to_its_own_name",
       "forwardings:\n  - listen: tcp:web.example:80\n    connect: tcp:web.example:80\n",
       {"f.yaml:3:14: connect: 'tcp:web.example:80': leads to its own listener 'tcp:web.example:80' (f.yaml:2:13), "
        "without end"}},
      {"in_a_circle",
       two("tcp::1", "tcp:127.0.0.1:2", "tcp:127.0.0.1:2", "tcp:[::1]:1"),
       {"f.yaml:3:14: connect: 'tcp:127.0.0.1:2': leads to the listener 'tcp:127.0.0.1:2' (f.yaml:5:13) and from there "
        "back, without end",
        "f.yaml:6:14: connect: 'tcp:[::1]:1': leads to the listener 'tcp::1' (f.yaml:2:13) and from there back, "
        "without "
        "end"}},
  };
}

std::string case_name(const testing::TestParamInfo<Case>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Shape, WrongFile, testing::ValuesIn(kShapeCases), case_name);
INSTANTIATE_TEST_SUITE_P(Keys, WrongFile, testing::ValuesIn(kKeyCases), case_name);
INSTANTIATE_TEST_SUITE_P(Types, WrongFile, testing::ValuesIn(kTypeCases), case_name);
INSTANTIATE_TEST_SUITE_P(Values, WrongFile, testing::ValuesIn(kValueCases), case_name);
INSTANTIATE_TEST_SUITE_P(Combinations, WrongFile, testing::ValuesIn(kCombinationCases), case_name);
INSTANTIATE_TEST_SUITE_P(Listeners, WrongFile, testing::ValuesIn(listener_cases()), case_name);

}  // namespace
}  // namespace lastbyte::config
