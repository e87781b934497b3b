#include "tests/soak/judge.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/result.h"

namespace lastbyte::soak {
namespace {

using system_test::SideRecord;

/// What one peer saw, and what is certain of how its flow ended, as lastbyte's kernel saw it.
struct Witness {
  std::string_view name;
  const Seen& seen;
  const SideRecord& record;
  bool tcp = true;
  bool stayed = false;        ///< it read to the end of what came, and never let go before
  bool surely_fin = false;    ///< its FIN stood in the queue, whatever came after it
  bool surely_reset = false;  ///< it reset its connection without a FIN
};

/// If its first urgent byte, its FIN and its reset come before lastbyte has looked, lastbyte cannot tell the FIN (T1).
bool hides_fin(const Session& session, bool client) {
  return !client && session.upstream.cut &&
         std::ranges::count(session.plan.upstream.steps, Verb::urgent, &Step::verb) > 0;
}

bool unread_at_cut(const Seen& seen) { return seen.cut_by_reset || seen.base.unread > 0; }

Witness witness(const Session& session, bool client) {
  const Seen& seen = client ? session.client : session.upstream;
  const Transport leg = client ? session.plan.kind->client : session.plan.kind->upstream;
  const bool tcp = leg == Transport::tcp;
  const bool gave_up = seen.cut || seen.base.timed_out;
  const bool ended_well = !gave_up && seen.base.fin;
  // Linux tells of a UNIX peer's FIN and its close with input unread as of a reset alone (T14).
  const bool fin_stands =
      tcp ? seen.fin_sent && seen.fin_acknowledged && !hides_fin(session, client) : seen.fin_sent && !gave_up;
  const bool reset_shows = tcp ? unread_at_cut(seen) : seen.base.unread > 0;
  return {.name = client ? "client" : "upstream",
          .seen = seen,
          .record = client ? session.record->client : session.record->upstream,
          .tcp = tcp,
          .stayed = !gave_up && seen.input_over,
          .surely_fin = seen.base.connected && (fin_stands || ended_well),
          .surely_reset = seen.base.connected && seen.cut && !seen.fin_sent && seen.base.error == 0 && reset_shows};
}

std::string bytes(std::uint64_t count) { return std::to_string(count) + " bytes"; }

class Judge {
 public:
  explicit Judge(const Session& session)
      : session_(session),
        record_(*session.record),
        client_(witness(session, true)),
        upstream_(witness(session, false)),
        limited_(record_.limit != "none") {}

  std::vector<Violation> violations() {
    for (const bool client : {true, false}) account(side(client), side(!client));
    limits();
    if (session_.plan.header == Header::wrong) {
      rejected();
    } else if (session_.plan.kind->held_back && client_.seen.base.sent == 0) {
      unasked();
    } else if (session_.short_of_descriptors && of_a_shortage()) {
      unserved();
    } else if (!session_.plan.kind->reachable) {
      unreachable();
    } else if (record_.connect_us < 0) {
      cancelled();
    } else {
      served();
    }
    return std::move(found_);
  }

 private:
  [[nodiscard]] const Witness& side(bool client) const { return client ? client_ : upstream_; }

  void expect(bool holds, std::string_view clause, std::string what) {
    if (!holds) found_.push_back({std::string(clause), std::move(what)});
  }

  /// T11 and T1, of the flow from `source` to `sink`, however it ended.
  void account(const Witness& source, const Witness& sink) {
    const SideRecord& flow = source.record;
    const std::string of = " of the " + std::string(source.name) + "'s flow";
    expect(flow.received == flow.delivered + flow.undelivered, "T11", "received is not delivered + undelivered" + of);
    expect(flow.discarded <= flow.undelivered, "T11", "more is discarded than undelivered" + of);
    expect(flow.rescued <= flow.delivered, "T11", "more is rescued than delivered" + of);
    expect(flow.rescued == 0 || sink.record.undelivered > 0, "T11", "rescued, and nothing was refused," + of);
    expect(flow.received <= source.seen.base.sent, "T11",
           "the record has received " + bytes(flow.received) + ", and the " + std::string(source.name) + " sent " +
               bytes(source.seen.base.sent));
    expect(sink.seen.base.received <= flow.received, "T11",
           "the " + std::string(sink.name) + " received " + bytes(sink.seen.base.received) + ", and the record has " +
               bytes(flow.received));
    expect(!sink.seen.base.first_wrong, "T1",
           "the " + std::string(sink.name) + " got a wrong byte at " +
               std::to_string(sink.seen.base.first_wrong.value_or(0)));
    expect(!sink.seen.base.timed_out, "T8", "the " + std::string(sink.name) + " waited in vain");
    // One that let go early may have been sent more between its look at what lies unread and its close().
    const bool counted_all = sink.seen.input_over || sink.seen.base.error != 0;
    const std::uint64_t arrived = sink.seen.base.received + sink.seen.base.unread;
    expect(!counted_all || flow.delivered <= arrived, "T11",
           "delivered are " + bytes(flow.delivered) + of + ", and " + bytes(arrived) + " arrived");
    expect(record_.complete ? flow.delivered == source.seen.base.sent : true, "T11",
           "complete, with " + bytes(flow.delivered) + " delivered of " + bytes(source.seen.base.sent) + of);
    descriptors(source, sink);
    expect(!record_.complete || !source.surely_reset, "T11",
           "complete, and the " + std::string(source.name) + " has reset");
  }

  /// T14: they come with the very byte that they were sent with.
  void descriptors(const Witness& source, const Witness& sink) {
    const auto given = [&](std::uint64_t begin, std::uint64_t end) {
      std::uint64_t count = 0;
      for (const Passed& each : source.seen.gave)
        if (each.begin >= begin && each.begin < end) count += each.count;
      return count;
    };
    std::uint64_t taken = 0;
    for (const Passed& each : sink.seen.took) {
      taken += each.count;
      expect(each.count == given(each.begin, each.end), "T14",
             std::to_string(each.count) + " descriptors came to the " + std::string(sink.name) +
                 " with the bytes from " + std::to_string(each.begin) + " to " + std::to_string(each.end) +
                 ", with which " + std::to_string(given(each.begin, each.end)) + " were sent");
    }
    const std::uint64_t due = given(0, sink.seen.base.received);
    expect(taken == due, "T14",
           std::to_string(taken) + " descriptors came to the " + std::string(sink.name) + ", expected " +
               std::to_string(due));
    expect(source.record.descriptors >= taken && source.record.descriptors <= given(0, source.seen.base.sent), "T11",
           "the record has " + std::to_string(source.record.descriptors) + " descriptors of the " +
               std::string(source.name) + ", and " + std::to_string(taken) + " came");
  }

  void limits() {
    constexpr std::array<std::string_view, 4> kMayPass{"idle", "half_close", "reset_flush", "linger"};
    const bool may_pass = session_.plan.kind->brief && std::ranges::find(kMayPass, record_.limit) != kMayPass.end();
    expect(!limited_ || may_pass, "T8", "the limit " + record_.limit + " passed");
    if (record_.limit == "idle" || record_.limit == "half_close") silence();
  }

  /// Little enough was sent for none of it to be held up by a full sink, so that each byte was heard: a limit of
  /// silence passes only where there was silence.
  void silence() {
    constexpr std::uint64_t kHeldUpByNobody = 16 * 1024;
    std::vector<Elapsed> heard{Elapsed{0}};
    Elapsed end = Elapsed::max();
    for (const Witness* each : {&client_, &upstream_}) {
      if (each->seen.base.sent > kHeldUpByNobody) return;
      heard.insert(heard.end(), each->seen.sends.begin(), each->seen.sends.end());
      if (each->seen.base.error != 0) end = std::min(end, each->seen.base.error_at);
    }
    if (end == Elapsed::max()) return;  // nobody has noticed it
    std::erase_if(heard, [&](Elapsed at) { return at > end; });
    heard.push_back(end);
    std::ranges::sort(heard);
    Elapsed longest{0};
    for (std::size_t i = 1; i < heard.size(); ++i) longest = std::max(longest, heard[i] - heard[i - 1]);
    expect(longest >= kBrief, "T8",
           "the limit " + record_.limit + " passed, and nobody was silent for longer than " +
               std::to_string(longest.count() / 1000) + "ms");
  }

  /// The daemon had no descriptor left for the upstream, or for those that came with the bytes.
  [[nodiscard]] bool of_a_shortage() const {
    // The errno is told where nothing had failed before (T10).
    const auto failed = [](const Witness& each) {
      return each.record.error == "EMFILE" || (!each.seen.gave.empty() && each.record.undelivered > 0);
    };
    return failed(client_) || failed(upstream_);
  }

  void unserved() {
    for (const bool client : {true, false})
      expect(
          !side(client).tcp || !side(client).seen.base.fin || side(!client).seen.fin_sent, "T4",
          "the " + std::string(side(client).name) + " saw a clean end of a session for which a descriptor was missing");
    expect(!record_.complete, "T11", "complete, and a descriptor was missing");
  }

  void rejected() {
    expect(session_.connections == 0, "T3", "the upstream was connected for a client that had not told who it is");
    expect(client_.seen.base.received == 0, "T3", "a rejected client was sent something");
    if (client_.seen.cut && client_.record.end == "reset") return;
    expect(client_.record.end == "rejected" && upstream_.record.end == "untried" && !record_.rejected.empty(), "T3",
           "a wrong PROXY header is told as " + client_.record.end + "/" + upstream_.record.end);
    expect(!client_.tcp || !client_.stayed || !client_.seen.base.fin, "T3", "a rejected client saw a clean end");
  }

  /// T3: a client that sends no byte is closed, and its upstream never hears of it.
  void unasked() {
    expect(session_.connections == 0, "T3", "the upstream was connected for a client that had sent nothing");
    expect(client_.seen.base.received == 0, "T3", "bytes came from nobody");
    expect(upstream_.record.end == "untried", "T11", "an upstream of no byte is told as " + upstream_.record.end);
    expect(!record_.complete, "T11", "complete, without an upstream");
    const std::string& end = client_.record.end;
    if (client_.seen.cut) {
      // It may have cut its header off.
      const bool cut_off = session_.plan.kind->asks != Asks::off && end == "rejected";
      expect(cut_off || end == "fin" || end == "reset", "T11", "a client of no byte that let go is told as " + end);
      return;
    }
    expect(end == "fin", "T11", "a client of no byte that sent its FIN is told as " + end);
    expect(client_.seen.base.fin && client_.seen.base.error == 0, "T3",
           "a client of no byte that sent its FIN saw no clean end");
  }

  void unreachable() {
    expect(client_.seen.base.received == 0, "T3", "bytes came from nobody");
    expect(!client_.tcp || !client_.seen.base.fin, "T3", "the upstream is unreachable, and the client saw a clean end");
    if (client_.seen.cut && client_.record.end == "reset") return;
    expect(upstream_.record.end == "unreachable" && upstream_.record.error == "ECONNREFUSED", "T11",
           "a refused connection is told as " + upstream_.record.end + " " + upstream_.record.error);
    expect(client_.record.end == "passed_on", "T11",
           "the client of an unreachable upstream is told as " + client_.record.end);
  }

  /// T3: only a reset of the client cancels the attempt.
  void cancelled() {
    expect(client_.seen.cut, "T3", "the upstream was never connected, and the client did not reset");
    const Kind& kind = *session_.plan.kind;
    const bool untried = (kind.asks != Asks::off || kind.held_back) && upstream_.record.end == "untried";
    // One that closes before its header has come to an end may look like a FIN that cuts the header off.
    const bool cut_off = untried && client_.record.end == "rejected" && !client_.surely_reset;
    expect(cut_off || (client_.record.end == "reset" && (untried || upstream_.record.end == "passed_on")), "T11",
           "a cancelled attempt is told as " + client_.record.end + "/" + upstream_.record.end);
    expect(upstream_.seen.base.received == 0, "T3", "bytes came of a cancelled attempt");
    expect(!untried || session_.connections == 0, "T3", "untried, and a connection came to the upstream");
    expect(!upstream_.tcp || !upstream_.seen.base.fin, "T4", "the upstream saw a clean end of a client that reset");
  }

  void served() {
    expect(session_.connections == 1, "T11",
           "connected, and " + std::to_string(session_.connections) + " connections came to the upstream");
    if (session_.connections != 1) return;
    for (const bool client : {true, false}) {
      ends(side(client), side(!client));
      flow(side(client), side(!client));
    }
    const bool both_well = client_.surely_fin && client_.stayed && upstream_.surely_fin && upstream_.stayed;
    expect(record_.complete || limited_ || !both_well, "T11", "both ended well, and it is not told as complete");
    first();
    headers();
  }

  /// T11, of how a side is told to have ended.
  void ends(const Witness& peer, const Witness& other) {
    const std::string& end = peer.record.end;
    const std::string told = "the " + std::string(peer.name) + " is told as " + end;
    constexpr std::array<std::string_view, 6> kPossible{"fin", "reset", "refused", "passed_on", "limit", "left"};
    expect(std::ranges::find(kPossible, end) != kPossible.end() && end != "left", "T11", told);
    expect((end == "limit") <= limited_, "T11", told + ", and no limit has passed");
    expect(!peer.surely_fin || end != "reset", "T11", told + ", and had sent its FIN");
    expect(!peer.surely_reset || (end != "fin" && end != "refused"), "T11", told + ", and never sent a FIN");
    if (!peer.seen.cut && !peer.seen.base.timed_out) {
      expect(end != "reset" && end != "refused", "T11", told + ", and has done nothing of the kind");
      expect(peer.record.error.empty(), "T10",
             "an error of the " + std::string(peer.name) + ", " + peer.record.error + ", that it never gave");
    }
    if (peer.surely_reset && other.stayed && !limited_) {
      expect(end == "reset", "T11", told + ", and has reset");
      expect(peer.record.error == "ECONNRESET" || peer.record.error == "EPIPE", "T10",
             "the error of the " + std::string(peer.name) + "'s reset is '" + peer.record.error + "'");
      expect(other.record.end == "passed_on", "T11",
             "the " + std::string(other.name) + " is told as " + other.record.end + ", and the other side had reset");
    }
  }

  /// T1, T2, T4, T5 and T6, of what the sink of a flow got and how it saw it end.
  void flow(const Witness& source, const Witness& sink) {
    const std::string sink_name(sink.name);
    const std::uint64_t sent = source.seen.base.sent;
    const std::uint64_t got = sink.seen.base.received;
    if (sink.seen.base.fin && sink.tcp) {
      expect(!source.surely_reset, "T4",
             "the " + sink_name + " saw a clean end, and the " + std::string(source.name) + " had reset");
      expect(got == sent, "T1", "a FIN came to the " + sink_name + " after " + bytes(got) + " of " + bytes(sent));
    }
    if (!sink.stayed || limited_) return;
    // What lies in the queue of a UNIX socket stays there, and what TCP has acknowledged does.
    const std::uint64_t lost = source.surely_fin || !source.tcp ? 0 : std::min(sent, source.seen.base.unacknowledged);
    expect(got >= sent - lost, source.seen.cut ? "T4" : "T2",
           "the " + sink_name + " got " + bytes(got) + " of " + bytes(sent - lost) + " that had arrived");
    expect(source.record.delivered == got, "T11",
           "the " + sink_name + " got " + bytes(got) + ", and the record has " + bytes(source.record.delivered) +
               " delivered");
    if (!source.surely_fin) return;
    expect(sink.seen.base.fin, source.seen.cut ? "T5" : "T2",
           "the " + std::string(source.name) + " ended with a FIN, and the " + sink_name + " got none");
    expect(sink.seen.base.error == 0, "T6",
           "the " + std::string(source.name) + " ended with a FIN, and the " + sink_name +
               " was reset: " + errno_name(sink.seen.base.error));
    if (sink.surely_fin)
      expect(sink.record.received == sink.seen.base.sent, "T6",
             "of the " + sink_name + "'s " + bytes(sink.seen.base.sent) + " only " + bytes(sink.record.received) +
                 " were read");
  }

  void first() {
    const std::string told = "what came first is told as " + record_.first + " of " + record_.first_side;
    const bool limit = record_.first == "limit";
    expect(limit <= limited_, "T11", told + ", and no limit has passed");
    if (limit || (session_.stopping && record_.first == "stop")) return;
    const bool sided = record_.first_side == "client" || record_.first_side == "upstream";
    const bool known = record_.first == "fin" || record_.first == "reset" || record_.first == "refused";
    expect(sided && known, "T11", told);
    if (!sided || !known) return;
    const Witness& peer = side(record_.first_side == "client");
    expect(record_.first == "fin" ? !peer.surely_reset : peer.seen.cut, "T11", told);
  }

  void headers() {
    const Plan& plan = session_.plan;
    const bool told = plan.header == Header::told;
    const net::Address own = client_.seen.base.local;
    const std::string address = told ? plan.told.text() : own.text();
    expect(record_.client.address == address, "T11",
           "the client's address is told as " + record_.client.address + ", expected " + address);
    const std::string version =
        plan.header_version ? std::string(net::proxy_protocol::name(*plan.header_version)) : std::string();
    expect(record_.proxy_header == version, "T11",
           "the PROXY header is told as '" + record_.proxy_header + "', expected '" + version + "'");
    if (!plan.kind->tells) return;
    const peers::Observed& seen = upstream_.seen.base;
    // Where the client reset, what came after the header may have come too late as well.
    const bool due = seen.received > 0 || seen.fin || (client_.stayed && upstream_.stayed && !limited_);
    expect(!due || seen.header, "T1", "no PROXY header came to the upstream: " + seen.header_failure);
    if (!seen.header) return;
    expect(seen.header_failure.empty(), "T1", "the PROXY header to the upstream is wrong: " + seen.header_failure);
    // Version 1 has no UNIX addresses.
    const bool tellable = told || client_.tcp || plan.kind->tells == net::proxy_protocol::Version::v2;
    const std::string expected = tellable ? address : "-";
    expect(seen.told.text() == expected, "T1",
           "the upstream is told of " + seen.told.text() + ", expected " + expected);
  }

  const Session& session_;
  const system_test::Record& record_;
  Witness client_;
  Witness upstream_;
  bool limited_;
  std::vector<Violation> found_;
};

}  // namespace

std::vector<Violation> judge(const Session& session) {
  std::vector<Violation> found;
  if (!session.client.base.connected)
    found.push_back({"T15", "the client could not connect: " + errno_name(session.client.base.error)});
  if (session.stopping && session.records == 0) {
    // It was still in the queue of the listener (T15): told that it is not served, and never that all is well.
    const bool told_so = session.connections == 0 && session.client.base.received == 0 &&
                         (session.plan.kind->client == Transport::unix_stream || !session.client.base.fin);
    if (!told_so) found.push_back({"T15", "a session of a stop has no record, and its client got something"});
    return found;
  }
  if (session.records != 1)
    found.push_back({"T11", "the session has " + std::to_string(session.records) + " records, expected 1"});
  if (session.connections > 1)
    found.push_back({"T3", std::to_string(session.connections) + " connections came to the upstream, expected one"});
  if (!session.record || !session.client.base.connected) return found;
  for (Violation& each : Judge(session).violations()) found.push_back(std::move(each));
  return found;
}

std::string print(const Session& session) {
  const auto peer = [](const char* name, const Seen& seen) {
    return std::string(name) + (seen.base.connected ? seen.base.text() : " never connected\n") + "    " +
           (seen.fin_sent ? "sent its FIN, " : "") + (seen.fin_acknowledged ? "acknowledged, " : "") +
           (seen.cut ? (seen.cut_by_reset ? "reset" : "closed early") : "stayed to the end") + "\n";
  };
  const std::string meanwhile =
      std::string(session.short_of_descriptors ? "  meanwhile: no descriptor was left\n" : "") +
      (session.stopping ? "  meanwhile: a stop was asked for\n" : "");
  return print(session.plan) + meanwhile + "  saw:\n" + peer("  client   ", session.client) +
         peer("  upstream ", session.upstream) + "  record:\n" +
         (session.record ? "  " + session.record->line : "  none") + "\n";
}

}  // namespace lastbyte::soak
