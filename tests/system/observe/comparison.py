"""Numbers of ended sessions by several ways: what the peers counted, records, metrics, the interface, and events."""

import collections
import threading


class Facts:
    """What the peers know. `lanes`: by forwarding."""

    def __init__(self):
        self.mutex = threading.Lock()
        self.sessions = collections.Counter()   # (forwarding, ending, received and delivered of client and upstream)
        self.resets = collections.Counter()     # forwarding: sides that saw a reset which the other side did not send
        self.refused = collections.Counter()    # (forwarding, cause)
        self.retries = collections.Counter()
        self.datagrams = collections.Counter()  # (forwarding, side)

    def session(self, lane, ending, client, upstream, resets=0, retries=0):
        """`client`, `upstream`: bytes of the side that lastbyte read, and those of them that the other side got."""
        with self.mutex:
            self.sessions[lane, ending, *client, *upstream] += 1
            self.resets[lane] += resets
            self.retries[lane] += retries


def by(series, family, *labels):
    """Sums of a family by some of its labels; without those that are 0."""
    sums = collections.Counter()
    for (name, pairs), value in series.items():
        if name == family and value:
            values = dict(pairs)
            key = tuple(values[label] for label in labels)
            sums[key[0] if len(key) == 1 else key] += value
    return +sums


WEIGHTS = ["fin", "untried passed_on", "left", "refused", "aborted stopped", "limit", "vanished", "reset", "unreachable", "rejected",
           "abandoned"]


def ending(record):
    """The ending's word, as docs/metrics.md has it, from a record alone."""
    if not is_stream(record):
        return {"idle": "complete", "stopped": "stopped"}[record["end"]]
    if record["complete"]:
        return "complete"
    side = record["first_side"]
    if record["first"] not in ("reset", "vanished", "refused", "unreachable", "rejected"):
        weight = {word: place for place, words in enumerate(WEIGHTS) for word in words.split()}
        side = max(("client", "upstream"), key=lambda each: weight[record[each]["end"]])
    word = record[side]["end"]
    other = {"reset": f"reset_by_{side}", "refused": f"refused_by_{side}", "vanished": f"{side}_vanished"}
    return other.get(word, word)


class Comparison:
    def __init__(self):
        self.wrong = []
        self.compared = 0

    def same(self, what, one, other):
        """Two ways to the same numbers. Nothing is nothing."""
        one, other = +collections.Counter(one), +collections.Counter(other)
        self.compared += len(set(one) | set(other))
        for key in sorted(set(one) | set(other), key=str):
            if abs(one[key] - other[key]) > 1e-6 * max(1, abs(one[key])):
                self.wrong.append(f"{what}: {key}: {one[key]} and {other[key]}")


def tally(records, key, value=lambda record: 1):
    counter = collections.Counter()
    for record in records:
        counter[key(record)] += value(record)
    return counter


def bytes_of(record, side, what):
    flow = record[side]
    return flow["bytes"] if what == "received" and not is_stream(record) else flow[what]


def is_stream(record):
    return "delivered" in record["client"]


def of_record(record):
    if is_stream(record):
        flows = [record[side][what] for side in ("client", "upstream") for what in ("received", "delivered")]
    else:
        flows = [record[side]["bytes"] - minus for side in ("client", "upstream") for minus in (0, record[side]["dropped_bytes"])]
    return (record["forwarding"], ending(record), *flows)


def compare(facts, records, series, forwardings, events):
    it = Comparison()
    lane = lambda record: record["forwarding"]  # noqa: E731
    streams = [record for record in records if is_stream(record)]
    datagrams = [record for record in records if not is_stream(record)]
    it.same("sessions: peers, records", facts.sessions, tally(records, of_record))
    begun = tally(records, lane)
    it.same("begun: records, metrics", begun, by(series, "lastbyte_sessions_begun_total", "forwarding"))
    it.same("begun: records, interface", begun, {each["name"]: each["sessions_begun"] for each in forwardings})
    ended = tally(records, lambda record: (lane(record), ending(record)))
    it.same("ended: records, metrics", ended, by(series, "lastbyte_sessions_ended_total", "forwarding", "ending"))
    it.same("ended: records, interface", ended,
            {(each["name"], word): n for each in forwardings for word, n in each["sessions_ended"].items()})
    member = lambda record: record["member"] or record["upstream"]["address"] or "none"  # noqa: E731
    it.same("members: records, metrics", tally(records, lambda record: (lane(record), member(record))),
            by(series, "lastbyte_sessions_ended_total", "forwarding", "member"))
    for what, family, field in (("received", "received_bytes", "received_bytes"), ("delivered", "delivered_bytes", "delivered_bytes"),
                                ("undelivered", "lost_bytes", "lost_bytes"), ("discarded", "discarded_bytes", "discarded_bytes"),
                                ("rescued", "rescued_bytes", "rescued_bytes")):
        for side in ("client", "upstream"):
            of = records if what == "received" else streams
            recorded = tally(of, lane, lambda record: bytes_of(record, side, what))  # noqa: B023
            metric = {name: n for (name, its), n in by(series, f"lastbyte_{family}_total", "forwarding", "side").items() if its == side}
            it.same(f"{what} of the {side}: records, metrics", recorded, metric)
            it.same(f"{what} of the {side}: records, interface", recorded, {each["name"]: each[field][side] for each in forwardings})
    it.same("lost by cause: records, metrics",
            tally(streams, lambda record: (lane(record), ending(record)),
                  lambda record: record["client"]["undelivered"] + record["upstream"]["undelivered"]),
            by(series, "lastbyte_lost_bytes_total", "forwarding", "cause"))
    for side in ("client", "upstream"):
        it.same(f"resets from the {side}: records, metrics",
                tally((r for r in streams if r[side]["end"] in ("reset", "refused")), lane),
                {name: n for (name, its), n in by(series, "lastbyte_resets_received_total", "forwarding", "side").items() if its == side})
    sent = by(series, "lastbyte_resets_sent_total", "forwarding")
    it.same("resets sent: peers, metrics", facts.resets, sent)
    it.same("resets sent: metrics, interface", sent, {each["name"]: sum(each["resets_sent"].values()) for each in forwardings})
    it.same("refused: peers, metrics", facts.refused, by(series, "lastbyte_clients_refused_total", "forwarding", "cause"))
    it.same("refused: peers, interface", facts.refused,
            {(each["name"], cause): n for each in forwardings for cause, n in each["clients_refused"].items()})
    retries = tally(streams, lane, lambda record: record["retries"])
    it.same("retries: peers, records", facts.retries, retries)
    it.same("retries: records, metrics", retries, by(series, "lastbyte_connect_retries_total", "forwarding"))
    it.same("retries: records, interface", retries, {each["name"]: each["retries"] for each in forwardings})
    failures = tally((r for r in streams for t in r["tries"] if t["end"] == "failed"), lane)
    failed = by(series, "lastbyte_member_connect_failures_total", "group")
    it.same("failed tries: records, metrics", failures, {name.replace("group-", "tried-"): n for name, n in failed.items()})
    for side in ("client", "upstream"):
        metric = by(series, "lastbyte_datagrams_received_total", "forwarding", "side")
        it.same(f"datagrams of the {side}: peers, metrics", {name: n for (name, its), n in facts.datagrams.items() if its == side},
                {name: n for (name, its), n in metric.items() if its == side})
        it.same(f"datagrams of the {side}: records, metrics", tally(datagrams, lane, lambda r: r[side]["datagrams"]),  # noqa: B023
                {name: n for (name, its), n in metric.items() if its == side})
    seconds = lambda field: (lambda record: record[field] / 1e6)  # noqa: E731
    it.same("durations: records, metrics", tally(records, lane, seconds("duration_us")),
            by(series, "lastbyte_session_duration_seconds_sum", "forwarding"))
    it.same("durations counted", begun, by(series, "lastbyte_session_duration_seconds_count", "forwarding"))
    connected = [record for record in streams if record["connect_us"] is not None]
    it.same("connects counted", tally(connected, lane), by(series, "lastbyte_connect_seconds_count", "forwarding"))
    it.same("connects: records, metrics", tally(connected, lane, seconds("connect_us")),
            by(series, "lastbyte_connect_seconds_sum", "forwarding"))
    it.same("events", {"session_began": len(records), "session_ended": len(records)}, events)
    it.same("open sessions", {}, by(series, "lastbyte_sessions", "forwarding"))
    it.same("open sessions with members", {}, by(series, "lastbyte_member_sessions", "group"))
    for family in ("lastbyte_records_dropped_total", "lastbyte_events_dropped_total", "lastbyte_log_records_lost_total"):
        it.same("nothing was dropped", {}, by(series, family) if (family, ()) not in series else {family: series[family, ()]})
    return it
