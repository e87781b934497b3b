// Settings of groups of upstreams and of their members.
#include <chrono>
#include <cstdint>

#include "config/settings/lookups.h"
#include "config/settings/table.h"

namespace lastbyte::config {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using upstream::Check;
using upstream::Ejection;
using upstream::Group;
using upstream::Member;
using upstream::OnDown;
using upstream::Policy;

/// Returns the optional part of a group. Settings are read in table order, so the first setting of the part has created
/// it before the others are read. While the part is off, the others have no effect and write to a dummy.
template <typename Part>
Part& part_or_nowhere(std::optional<Part>& part) {
  static thread_local Part nowhere;
  if (part) return *part;
  nowhere = Part();
  return nowhere;
}
template <typename Part>
const Part& part_or_nowhere(const std::optional<Part>& part) {
  static const Part kDefault;
  return part ? *part : kDefault;
}

void add_group(Table& table) {
  const Heading heading = Heading::group;
  table.add<Group>(
      heading, "policy",
      choice_codec<Policy>("first|round-robin|least-sessions|random-two|source-hash|fastest",
                           {{"first", Policy::first},
                            {"round-robin", Policy::round_robin},
                            {"least-sessions", Policy::least_sessions},
                            {"random-two", Policy::random_two},
                            {"source-hash", Policy::source_hash},
                            {"fastest", Policy::fastest}}),
      [](auto& g) -> auto& { return g.policy; },
      "How lastbyte chooses a member for a session: first takes the first one of the file that is healthy, "
      "round-robin each in turn, least-sessions the one with the fewest sessions, random-two the less "
      "loaded of two random ones, source-hash always the same one for a client's address, fastest the one "
      "with the shortest times to connect and to answer. All but first go by the weight.");
  table.add<Group>(
      heading, "on-down", choice_codec<OnDown>("keep|reset", {{"keep", OnDown::keep}, {"reset", OnDown::reset}}),
      [](auto& g) -> auto& { return g.on_down; },
      "What happens to the sessions of a member that goes down: keep lets them go on, reset resets them.");
  table.add<Group>(
      heading, "queue.length", count_codec<std::uint32_t>(0, 1'000'000),
      [](auto& g) -> auto& { return g.queue.length; },
      "Maximum number of sessions that wait while all members have max-sessions. lastbyte resets further clients.");
  needs<Group>(table.add<Group>(
                   heading, "queue.time", duration_codec(milliseconds(1), hours(24)),
                   [](auto& g) -> auto& { return g.queue.time; }, "Time limit for a session to wait in the queue."),
               "queue.length", [](const Group& g) { return g.queue.length != 0; });
  table.add<Group>(
      heading, "slow-start", duration_codec(milliseconds(0), hours(24)), [](auto& g) -> auto& { return g.slow_start; },
      "Time in which a member that has become healthy again reaches its full weight. 0s gives it the full weight at "
      "once.");
  table.add<Group>(
      heading, "panic-below", percent_codec(0, 100), [](auto& g) -> auto& { return g.panic_below; },
      "If a smaller share of the members is healthy, lastbyte uses the unhealthy ones too. 0% never does.");
  table.add<Group>(
      heading, "backup-below", percent_codec(1, 100), [](auto& g) -> auto& { return g.backup_below; },
      "If a smaller share of the members that are no backup is healthy, lastbyte uses the backups too. 1% uses them "
      "only if no other member is healthy.");
  add_lookups<Group>(table, Heading::group_names, [](auto& g) -> auto& { return g.names; }, [](Setting&) {});
}

template <typename Get>
Setting& add_check_field(Table& table, const std::string& key, const auto& codec, Get, std::string_view meaning) {
  return table.add<Group>(
      Heading::check, key, codec, [](auto& g) -> auto& { return Get()(part_or_nowhere(g.check)); }, meaning);
}

void with_check(Setting& row) {
  needs<Group>(row, "check.kind", [](const Group& g) { return g.check.has_value(); });
}

void only_for_check(Setting& row, Check::Kind kind, const std::string& word) {
  row.meaning += " Applies only if check.kind is " + word + ".";
  needs<Group>(row, "check.kind", [kind](const Group& g) { return g.check && g.check->kind == kind; });
}

void add_check_kind(Table& table) {
  using Kind = std::optional<Check::Kind>;
  const auto kind = or_none(
      choice_codec<Check::Kind>("none|tcp|expect|http|agent|heartbeat", {{"tcp", Check::Kind::tcp},
                                                                         {"expect", Check::Kind::expect},
                                                                         {"http", Check::Kind::http},
                                                                         {"agent", Check::Kind::agent},
                                                                         {"heartbeat", Check::Kind::heartbeat}}));
  table.add_computed<Group>(
      Heading::check, "check.kind", kind, [](const Group& g) { return g.check ? Kind(g.check->kind) : Kind(); },
      [](Group& g, Kind value) {
        if (!value) return g.check.reset();
        if (!g.check) g.check.emplace();
        g.check->kind = *value;
      },
      "How lastbyte checks the members: tcp connects and closes, expect sends check.send and waits for check.expect, "
      "http sends a GET request and looks at the status, agent reads a line of HAProxy's agent-check, heartbeat "
      "exchanges heartbeats. none checks nothing.");
}

void add_check_times(Table& table) {
  const auto span = duration_codec(milliseconds(1), hours(24));
  with_check(add_check_field(
      table, "check.port", or_none(count_codec<std::uint16_t>(1, 65535)), [](auto& c) -> auto& { return c.port; },
      "Port that checks connect to. none is the member's own."));
  with_check(add_check_field(
      table, "check.initial-delay", duration_codec(milliseconds(0), hours(24)),
      [](auto& c) -> auto& { return c.initial_delay; }, "Time from the start to the first check of a member."));
  with_check(add_check_field(
      table, "check.period", span, [](auto& c) -> auto& { return c.period; }, "Time between two checks of a member."));
  with_check(add_check_field(
      table, "check.timeout", span, [](auto& c) -> auto& { return c.timeout; }, "Time limit for one check."));
  with_check(add_check_field(
      table, "check.success-threshold", count_codec<std::uint32_t>(1, 1000),
      [](auto& c) -> auto& { return c.success_threshold; },
      "Number of checks in a row that succeed before a member that was down is up."));
  with_check(add_check_field(
      table, "check.failure-threshold", count_codec<std::uint32_t>(1, 1000),
      [](auto& c) -> auto& { return c.failure_threshold; },
      "Number of checks in a row that fail before a member is down."));
}

void add_check_words(Table& table) {
  constexpr std::size_t kLongestText = 4096;
  only_for_check(add_check_field(
                     table, "check.send", bytes_codec(kLongestText), [](auto& c) -> auto& { return c.send; },
                     "Bytes that a check sends."),
                 Check::Kind::expect, "expect");
  only_for_check(add_check_field(
                     table, "check.expect", bytes_codec(kLongestText), [](auto& c) -> auto& { return c.expect; },
                     "Bytes that the answer has to contain."),
                 Check::Kind::expect, "expect");
  only_for_check(add_check_field(
                     table, "check.path", word_codec("PATH", "a path, with its query", 1024),
                     [](auto& c) -> auto& { return c.path; }, "Path that a check asks for."),
                 Check::Kind::http, "http");
  only_for_check(
      add_check_field(
          table, "check.host", word_or_none_codec("HOST", "a host name", 255), [](auto& c) -> auto& { return c.host; },
          "Host header of the request. none is the member's own host."),
      Check::Kind::http, "http");
  Setting& status = table.add_computed<Group>(
      Heading::check, "check.status", range_codec(100, 599),
      [](const Group& g) {
        const Check& check = part_or_nowhere(g.check);
        return Range{check.status_from, check.status_to};
      },
      [](Group& g, Range range) {
        part_or_nowhere(g.check).status_from = range.first;
        part_or_nowhere(g.check).status_to = range.last;
      },
      "Status codes that are a success.");
  only_for_check(status, Check::Kind::http, "http");
}

void add_ejection(Table& table) {
  const Heading heading = Heading::ejection;
  using After = std::optional<std::uint32_t>;
  table.add_computed<Group>(
      heading, "ejection.after", or_none(count_codec<std::uint32_t>(1, 1000)),
      [](const Group& g) { return g.ejection ? After(g.ejection->after) : After(); },
      [](Group& g, After value) {
        if (!value) return g.ejection.reset();
        if (!g.ejection) g.ejection.emplace();
        g.ejection->after = *value;
      },
      "Number of sessions in a row that end badly before lastbyte ejects a member: it gets no new sessions for a "
      "time. none ejects no member.");
  const auto with_ejection = [](Setting& row) {
    needs<Group>(row, "ejection.after", [](const Group& g) { return g.ejection.has_value(); });
  };
  using Flag = NamedFlag<Group>;
  const auto flag = []<typename Get>(std::string_view word, Get) {
    return Flag{word, Accessor<Group, bool>([](auto& g) -> auto& { return Get()(part_or_nowhere(g.ejection)); })};
  };
  with_ejection(table.add_flags<Group>(
      heading, "ejection.on",
      {flag("connect-failure", [](auto& e) -> auto& { return e.on_connect_failure; }),
       flag("early-reset", [](auto& e) -> auto& { return e.on_early_reset; }),
       flag("reset-unread", [](auto& e) -> auto& { return e.on_reset_unread; }),
       flag("timeout", [](auto& e) -> auto& { return e.on_timeout; })},
      "What ends a session badly: connect-failure is a failed attempt to connect, early-reset a reset before the "
      "member's first byte, reset-unread a reset while the member had not read everything, timeout a limit that passed "
      "while the session waited for the member."));
  const auto add = [&]<typename Get>(const std::string& key, const auto& codec, Get, std::string_view meaning) {
    with_ejection(table.add<Group>(
        heading, key, codec, [](auto& g) -> auto& { return Get()(part_or_nowhere(g.ejection)); }, meaning));
  };
  const auto span = duration_codec(milliseconds(1), hours(24));
  add(
      "ejection.time", span, [](auto& e) -> auto& { return e.time; },
      "Duration of a member's first ejection. The second lasts twice as long, the third three times, and so on.");
  add("ejection.longest", span, [](auto& e) -> auto& { return e.longest; }, "Longest duration of an ejection.");
  add(
      "ejection.most", percent_codec(1, 100), [](auto& e) -> auto& { return e.most_percent; },
      "Largest share of the members that is ejected at a time. One member may be ejected whatever the share.");
}

void add_member_options(Table& table) {
  const Heading heading = Heading::member;
  using Enabled = std::optional<bool>;
  table.add_computed<Member>(
      heading, "keepalive.enabled", or_none(bool_codec()),
      [](const Member& m) { return m.options.keepalive ? Enabled(m.options.keepalive->enabled) : Enabled(); },
      [](Member& m, Enabled value) {
        if (!value) return m.options.keepalive.reset();
        if (!m.options.keepalive) m.options.keepalive.emplace();
        m.options.keepalive->enabled = *value;
      },
      "SO_KEEPALIVE for this member. none takes all keepalive settings of the forwarding.");
  table.connecting(kTcp);
  const auto add_keepalive = [&]<typename Get>(const std::string& key, const auto& codec, Get,
                                               std::string_view meaning) {
    needs<Member>(
        table.add<Member>(
            heading, key, codec, [](auto& m) -> auto& { return Get()(part_or_nowhere(m.options.keepalive)); }, meaning),
        "keepalive.enabled", [](const Member& m) { return m.options.keepalive && m.options.keepalive->enabled; });
  };
  const auto span = seconds_codec(seconds(1), seconds(32767));
  add_keepalive("keepalive.idle", span, [](auto& k) -> auto& { return k.idle; }, "TCP_KEEPIDLE, as for a forwarding.");
  add_keepalive(
      "keepalive.interval", span, [](auto& k) -> auto& { return k.interval; }, "TCP_KEEPINTVL, as for a forwarding.");
  add_keepalive(
      "keepalive.count", count_codec<int>(1, 127), [](auto& k) -> auto& { return k.count; },
      "TCP_KEEPCNT, as for a forwarding.");
  table.add<Member>(
      heading, "user-timeout", or_none(duration_codec(milliseconds(1), hours(24 * 24))),
      [](auto& m) -> auto& { return m.options.user_timeout; },
      "TCP_USER_TIMEOUT for this member. none is that of the forwarding.");
  table.connecting(kTcp);
  table.add<Member>(
      heading, "mark", or_none(mark_codec()), [](auto& m) -> auto& { return m.options.mark; },
      "SO_MARK for this member. none is that of the forwarding.");
  table.connecting(kIp);
  table.add<Member>(
      heading, "interface", or_none(interface_name_codec()), [](auto& m) -> auto& { return m.options.interface; },
      "SO_BINDTODEVICE for this member. none is that of the forwarding.");
  table.connecting(kIp);
  table.add_list<Member, std::vector<net::Source>>(
      heading, "sources", source_codec(), [](auto& m) -> auto& { return m.options.sources; },
      "Source addresses of connections to this member. none takes those of the forwarding.");
  table.connecting(kIp);
}

void add_member(Table& table) {
  const Heading heading = Heading::member;
  Setting& connect = table.add_computed<Member>(
      heading, "connect", member_codec(), [](const Member& m) { return MemberEndpoint{m.endpoint, m.srv}; },
      [](Member& m, MemberEndpoint value) {
        m.endpoint = std::move(value.endpoint);
        m.srv = value.srv;
      },
      "The endpoint of the member. A name with several addresses is one member. srv:_SERVICE._tcp.NAME or "
      "srv:_SERVICE._udp.NAME stands for one member each target of the SRV record, and needs names.resolver dns. All "
      "members of a group are tcp, all are udp, or all are unix.");
  connect.required = true;
  table.add<Member>(
      heading, "weight", count_codec<std::uint32_t>(0, 256), [](auto& m) -> auto& { return m.weight; },
      "Share of the sessions, relative to the other members. 0 gets no new sessions.");
  table.add<Member>(
      heading, "backup", bool_codec(), [](auto& m) -> auto& { return m.backup; },
      "Use this member only if too few of the others are healthy (backup-below).");
  table.add<Member>(
      heading, "max-sessions", or_none(count_codec<std::uint32_t>(1, kMostCount)),
      [](auto& m) -> auto& { return m.max_sessions; }, "Maximum number of concurrent sessions with this member.");
  add_member_options(table);
}

}  // namespace

void add_groups(Table& table) {
  add_group(table);
  add_check_kind(table);
  add_check_times(table);
  add_check_words(table);
  add_ejection(table);
  add_member(table);
}

}  // namespace lastbyte::config
