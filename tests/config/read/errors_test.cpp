// Every way in which a file can be wrong, with the exact words that its owner gets.
#include "config/settings/config.h"
#include "tests/config/read/wrong_file.h"

namespace lastbyte::config {

TEST_P(WrongFile, is_told_with_place_value_and_expectation) {
  const Loaded loaded = load_yaml(GetParam().yaml, "f.yaml");
  EXPECT_FALSE(loaded.config);
  std::vector<std::string> problems;
  problems.reserve(loaded.problems.size());
  for (const Problem& problem : loaded.problems) problems.push_back(problem.text());
  EXPECT_EQ(problems, GetParam().problems);
}

namespace {

const std::vector<Case> kShapeCases = {
    {"empty", "", {"f.yaml:1:1: the file is empty; expected at least forwardings"}},
    {"comments_only", "# nothing\n", {"f.yaml:1:1: the file is empty; expected at least forwardings"}},
    {"a_word", "hello\n", {"f.yaml:1:1: found 'hello'; expected a mapping with the key forwardings"}},
    {"a_list", "- a\n", {"f.yaml:1:1: found a list; expected a mapping with the key forwardings"}},
    {"a_tab",
     "forwardings:\n  - listen: tcp::1\n\tconnect: tcp:h:1\n",
     {"f.yaml:3:1: not valid YAML: illegal tab when looking for indentation; a tab indents this line, expected "
      "spaces"}},
    {"brackets_between_braces",
     "forwardings:\n  - {listen: tcp:[::1]:80, connect: tcp:h:1}\n",
     {"f.yaml:2:18: not valid YAML: end of map flow not found; between braces, an endpoint with '[' stands in quotes: "
      "'tcp:[::1]:80'"}},
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
      "f.yaml:2:5: connect: missing; expected tcp:HOST:PORTS, tcp:[V6]:PORTS, the same with udp, unix:/PATH, "
      "unix:@NAME or group:NAME"}},
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
    {"a_group_at_the_wrong_level",
     process_with("limits:\n  idle: 5s\n"),
     {"f.yaml:1:1: unknown key 'limits' at the top of the file; it stands in a forwarding, or in defaults"}},
    {"a_key_given_with_dots_and_as_levels",
     forwarding_with("    limits.idle: 5s\n    limits: {connect: 1s, idle: 6s}\n"),
     {"f.yaml:5:27: key 'limits.idle' given twice; it was given at f.yaml:4:18 already"}},
    {"a_dotted_key_at_the_wrong_level",
     process_with("limits.idle: 5s\n"),
     {"f.yaml:1:1: unknown key 'limits.idle' at the top of the file; it stands in a forwarding, or in defaults"}},
    {"a_dotted_process_key_in_a_forwarding",
     forwarding_with("    log.format: json\n"),
     {"f.yaml:4:5: unknown key 'log.format' in a forwarding; it stands at the top of the file"}},
    {"a_wrong_default_is_told_once",
     "defaults: {early-fin: [keep]}\nforwardings:\n  - {listen: tcp::80, connect: tcp:127.0.0.1:1}\n",
     {"f.yaml:1:23: early-fin: found a list; expected keep or abort"}},
    {"a_list_where_one_value_stands_is_told_once",
     "forwardings:\n  - listen: [tcp::80, tcp::81]\n    connect: tcp:127.0.0.1:1\n",
     {"f.yaml:2:13: listen: found a list; expected tcp:HOST:PORTS, tcp:[V6]:PORTS, tcp::PORTS, the same with udp, "
      "unix:/PATH or unix:@NAME"}},
    {"process_key_in_forwarding",
     forwarding_with("    workers: 2\n"),
     {"f.yaml:4:5: unknown key 'workers' in a forwarding; it stands at the top of the file"}},
    {"listen_in_defaults",
     process_with("defaults:\n  listen: tcp::80\n"),
     {"f.yaml:2:3: unknown key 'listen' in defaults; it stands in a forwarding"}},
    {"only_the_upstream_has_sources",
     forwarding_with("    client:\n      sources: [10.0.0.1]\n"),
     {"f.yaml:5:7: unknown key 'client.sources' in a forwarding; expected one of nodelay, keepalive, user-timeout, "
      "send-buffer, receive-buffer, mark, interface, backlog, defer-accept, fast-open, freebind, reuse-port, netns, "
      "root, "
      "unix-mode, "
      "unix-uid, unix-gid, allow, deny, proxy-protocol, proxy-trusted"}},
    {"the_end_of_a_key",
     forwarding_with("    idle: 5s\n"),
     {"f.yaml:4:5: unknown key 'idle' in a forwarding; did you mean 'limits.idle'?"}},
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
     forwarding_with("    linger:\n      ? [a]\n      : 1\n"),
     {"f.yaml:5:9: a list as a key; expected one of mode, time, timeout"}},
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
     {"f.yaml:5:27: upstream.sources: found a list in the list; expected numeric addresses, with or without ports"}},
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
      "f.yaml:3:13: listen: 'tcp::99999': the port is '99999'; expected 0 to 65535",
      "f.yaml:4:5: unknown key 'conect' in a forwarding; did you mean 'connect'?",
      "f.yaml:5:11: name: 'my web': expected a name: 1 to 300 printable ASCII characters without spaces",
      "f.yaml:6:1: unknown key 'worker' at the top of the file; did you mean 'workers'?"}},
    {"combination_in_defaults_told_once",
     "defaults:\n  linger: {time: 2s, timeout: 3s}\nforwardings:\n  - {listen: 'tcp::1', connect: 'tcp:a:1'}\n"
     "  - {listen: 'tcp::2', connect: 'tcp:a:1'}\n",
     {"f.yaml:2:31: linger.timeout: '3s': is more than linger.time, 2s (f.yaml:2:18); expected at most that, or it "
      "never takes effect"}},
    {"source_given_twice",
     forwarding_with("    upstream: {sources: [10.0.0.1, 10.0.0.1]}\n"),
     {"f.yaml:4:36: upstream.sources: '10.0.0.1': given twice; expected each once"}},
    {"source_is_a_name",
     forwarding_with("    upstream: {sources: here}\n"),
     {"f.yaml:4:25: upstream.sources: 'here': not an address; expected a numeric address such as 10.0.0.1, "
      "10.0.0.1:4000, 10.0.0.1:40000-49999, ::1 or [::1]:4000"}},
};

INSTANTIATE_TEST_SUITE_P(Shape, WrongFile, testing::ValuesIn(kShapeCases), case_name);
INSTANTIATE_TEST_SUITE_P(Keys, WrongFile, testing::ValuesIn(kKeyCases), case_name);
INSTANTIATE_TEST_SUITE_P(Types, WrongFile, testing::ValuesIn(kTypeCases), case_name);
INSTANTIATE_TEST_SUITE_P(Values, WrongFile, testing::ValuesIn(kValueCases), case_name);

}  // namespace
}  // namespace lastbyte::config
