"""The workloads: each load, its size, and the systems that it compares."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str  # in docs/benchmarks.json
    title: str
    load: str  # the name of the load in bench_load
    connections: int
    unit: str  # the unit of CPU time
    port: str = "echo"  # the port of the origin
    more: tuple = ()  # more arguments for bench_load
    workers: int = 1
    note: str = ""
    idle: int = 0  # additional sessions, open and idle
    slice: float = 0  # seconds, if --slice is too short
    rounds: int = 0  # the most rounds; 0: no limit
    systems: tuple = ()  # only these systems; (): all but the variants of lastbyte

    @property
    def kind(self):
        """Returns the word for --only."""
        return self.name.split()[0]

    @property
    def datagrams(self):
        return self.load == "datagrams"


BULK_NOTE = "The origin sends as fast as it can, the client reads and discards."
MESSAGES_NOTE = "Each connection has one request of 64 bytes under way, which the origin echoes."
SESSION = "Connect, 64-byte request and response, "
MIXED_RATE, MIXED_BULK = 4000, 300_000_000
DATAGRAM_BYTES = 200


def _messages(connections, workers=1):
    at, suffix = (", two workers", " workers 2") if workers == 2 else ("", "")
    plural = "" if connections == 1 else "s"
    return Workload(f"messages {connections}{suffix}", f"64-byte request and response, {connections} connection{plural}{at}",
                    "messages", connections, "request", workers=workers, note=MESSAGES_NOTE)


def _datagrams(clients, rate):
    plural = "" if clients == 1 else "s"
    return Workload(f"datagrams {clients} {rate}", f"Datagrams, {rate:,} a second from {clients} client{plural}",
                    "datagrams", clients, "datagram", "udp", ("--rate", str(rate), "--size", str(DATAGRAM_BYTES)),
                    note=f"{DATAGRAM_BYTES} bytes each over UDP, echoed by the origin. CPU is for one datagram in one "
                         "direction, of those that came back.")


WORKLOADS = [
    Workload("bulk 1", "Bulk, 1 connection", "bulk", 1, "GB", "bulk", note=BULK_NOTE),
    Workload("bulk 8", "Bulk, 8 connections", "bulk", 8, "GB", "bulk", note=BULK_NOTE, rounds=12),
    _messages(1),
    _messages(64),
    _messages(512),
    Workload("sessions 16", "Short sessions, 16 at a time", "sessions", 16, "session",
             note=SESSION + "the client's FIN, the origin's FIN; as fast as it goes."),
    Workload("sessions paced", "Short sessions, 1,000 a second", "sessions", 256, "session", more=("--rate", "1000"),
             note=SESSION + "the client's FIN, the origin's FIN; one is begun each millisecond."),
    Workload("sessions reset", "Short sessions that the client resets, 16 at a time", "sessions", 16, "session",
             more=("--resets",), note=SESSION + "then the client resets the connection; as fast as it goes."),
    Workload("mixed 16", "Bulk and small messages together", "mixed", 16, "request", "bulk",
             ("--rate", str(MIXED_RATE), "--bulk-rate", str(MIXED_BULK)),
             note=f"{MIXED_RATE:,} requests a second on 16 connections (8 bytes, and 64 back), while 4 others receive "
                  f"{MIXED_BULK / 1e6:.0f} MB/s in pieces of 1 MiB. Times are of the small requests, each from the moment "
                  "it was due. CPU is of all of it, for each of these."),
    _messages(64, workers=2),
    Workload("sessions 16 workers 2", "Short sessions, 16 at a time, two workers", "sessions", 16, "session", workers=2,
             note=SESSION + "the client's FIN, the origin's FIN; as fast as it goes."),
    Workload("cost observed", "The cost of being observed", "sessions", 16, "session", idle=5000, slice=2, rounds=12, systems=("lastbyte", "lastbyte-observed"),
             note="5,000 open sessions, and short ones as fast as it goes. lastbyte, observed: Prometheus scrapes it every second, "
                  "the dashboard is open at the list of sessions, and a program follows all events. The data plane is the "
                  "workers' threads; the rest of the process's CPU is that of the thread that answers."),
    Workload("cost traced", "The cost of trace: on", "sessions", 256, "session", more=("--rate", "833", "--resets"), slice=0.5,
             rounds=40, systems=("lastbyte", "lastbyte-traced"),
             note="50,000 sessions a minute, all of which the client resets: with trace, lastbyte asks for the origin of each "
                  "reset."),
    # One client at a rate at which socat loses datagrams, many clients at that rate, and many at a rate that no system can
    # forward.
    _datagrams(1, 60_000),
    _datagrams(64, 60_000),
    _datagrams(64, 400_000),
]
KINDS = list(dict.fromkeys(workload.kind for workload in WORKLOADS))
BY_NAME = {workload.name: workload for workload in WORKLOADS}
