#!/usr/bin/env python3
"""Compares lastbyte with HAProxy, nginx stream, socat, LXD's proxy device and a direct connection; ./dev bench runs it.

All systems take turns within each round, so that a noisy moment hits all of them. Each measurement has a fresh proxy.
A full run writes docs/benchmarks.md, .svg and .json; a partial or quick one writes into build/bench."""

import argparse
import contextlib
import ctypes
import datetime
import json
import os
import pathlib
import platform
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import report  # noqa: E402
from processes import BenchError, Load, Process, SystemCalls, libc, memory_bytes, settled_cpu_seconds  # noqa: E402
from systems import systems  # noqa: E402

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
CLONE_NEWNET = 0x40000000

# kind, connections
LOADS = {
    "bulk": [("bulk", 1), ("bulk", 8)],
    "messages": [("messages", 1), ("messages", 64), ("messages", 512)],
    "sessions": [("sessions", 16)],
}
# clients, datagrams a second over all of them, each to be echoed: one client at a rate at which socat loses, many at
# that rate, and many at a rate beyond what any can
DATAGRAMS = [(1, 60_000), (64, 60_000), (64, 400_000)]
DATAGRAM_BYTES = 200
ONLY = [*LOADS, "datagrams", "memory", "syscalls"]
TRACED = ["lastbyte", "haproxy", "nginx"]
SOCAT_IDLE_SESSIONS = 250  # a process each


# Servers' ports are mostly none that connections come from. Towards one that is, lastbyte asks each connection whether
# it was made to itself.
SERVER_PORTS, LOCAL_PORTS = "1024 9999", "10000 65535"


def set_local_ports(ports):
    pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").write_text(ports)


def enter_namespace():
    """A network of our own, where no other traffic, firewall or used-up port is; False where that is not allowed."""
    if os.geteuid() != 0 or libc.unshare(ctypes.c_int(CLONE_NEWNET)) != 0:
        return False
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    set_local_ports(LOCAL_PORTS)
    return True


class Bench:
    def __init__(self, options, directory, own_network):
        self.options = options
        self.own_network = own_network
        self.directory = directory
        self.load_program = str(REPOSITORY / "build/release/bench_load")
        self.origin_program = str(REPOSITORY / "build/release/bench_origin")
        self.idle_sessions = options.sessions
        cpus = sorted(os.sched_getaffinity(0))
        self.proxy_cpus, self.peer_cpus = ({cpus[0]}, set(cpus[1:])) if options.pin and len(cpus) > 1 else (None, None)
        self.failures = []

    @contextlib.contextmanager
    def origin(self):
        """A running origin's ports, by what it does there."""
        if self.own_network:
            set_local_ports(SERVER_PORTS)
        with Process([self.origin_program], self.directory, self.peer_cpus) as origin:
            ports = json.loads(origin.read_line(5))
            if self.own_network:
                set_local_ports(LOCAL_PORTS)
            yield ports

    @contextlib.contextmanager
    def between(self, system, kind, connections, seconds, sessions=1000):
        """An origin, the system before it, and a load that is connected and warm."""
        with contextlib.ExitStack() as stack:
            target = stack.enter_context(self.origin())["bulk" if kind == "bulk" else "echo"]
            proxy, port = system.start(target, self.directory, sessions, self.proxy_cpus)
            if proxy:
                stack.enter_context(proxy)
            yield proxy, lambda: stack.enter_context(
                Load(self.load_program, kind, port, connections, seconds, self.directory, self.peer_cpus))

    def throughput(self, system, kind, connections):
        with self.between(system, kind, connections, self.options.seconds) as (proxy, start_load):
            load = start_load()
            before = settled_cpu_seconds(proxy.pid) if proxy else 0
            result = load.run()
            cpu = settled_cpu_seconds(proxy.pid) - before if proxy else None
        seconds = result["seconds"]
        if kind == "bulk":
            gigabytes = result["bytes"] / 1e9
            return {"gb_per_s": gigabytes / seconds, "cpu_s_per_gb": cpu / gigabytes if proxy else None}
        operations = result["operations"]
        return {"per_s": operations / seconds, "p50_us": result["p50_us"], "p99_us": result["p99_us"],
                "cpu_us": cpu / operations * 1e6 if proxy else None}

    def datagrams(self, system, clients, rate):
        with contextlib.ExitStack() as stack:
            target = stack.enter_context(self.origin())["udp"]
            proxy, port = system.start_datagrams(target, self.directory, clients, self.proxy_cpus)
            if proxy:
                stack.enter_context(proxy)
            load = stack.enter_context(
                Load(self.load_program, "datagrams", port, clients, self.options.seconds, self.directory,
                     self.peer_cpus, ("--rate", str(rate), "--size", str(DATAGRAM_BYTES))))
            before = settled_cpu_seconds(proxy.pid) if proxy else 0
            result = load.run()
            cpu = settled_cpu_seconds(proxy.pid) - before if proxy else None
        echoed, sent = result["operations"], result["sent"]
        return {"per_s": echoed / result["seconds"], "loss_percent": 100 * (1 - echoed / sent),
                "offered_per_s": sent / result["seconds"], "cpu_us": cpu / (2 * echoed) * 1e6 if proxy and echoed else None}

    def memory(self, system):
        sessions = SOCAT_IDLE_SESSIONS if system.name == "socat" else self.idle_sessions
        with self.between(system, "idle", sessions, 1, sessions) as (proxy, start_load):
            load = start_load()
            settled_cpu_seconds(proxy.pid)
            before = memory_bytes(proxy.pid)
            load.run()
            settled_cpu_seconds(proxy.pid)
            after = memory_bytes(proxy.pid)
        result = {f"{name}_per_session": (after[name] - before[name]) / sessions for name in after}
        return {**result, "rss_idle": before["rss"], "rss_full": after["rss"], "sessions": sessions}

    def syscalls(self, system, kind, connections):
        with self.between(system, kind, connections, self.options.seconds) as (proxy, start_load):
            load = start_load()
            calls = SystemCalls(proxy.pid, self.directory)
            calls.attach()
            result = load.run()
            settled_cpu_seconds(proxy.pid)
            counts = calls.detach()
        # a message is one direction of a request and its answer
        units = result["operations"] * (2 if kind == "messages" else 1)
        top = sorted(counts.items(), key=lambda item: -item[1])
        return {"per_unit": sum(counts.values()) / units, "calls": {name: count / units for name, count in top}}

    def attempt(self, what, system, measure, *arguments):
        print(f"  {what:<20} {system.title:<24}", end="", flush=True)
        try:
            values = measure(system, *arguments)
        except (BenchError, subprocess.SubprocessError, OSError, json.JSONDecodeError) as error:
            print(f"FAILED: {error}")
            self.failures.append(f"{what}, {system.title}: {error}")
            return None
        print("  ".join(f"{name} {value:.4g}" for name, value in values.items() if isinstance(value, (int, float))))
        return values

    def run(self, chosen, wanted):
        results = {}

        def note(name, system, values):
            results.setdefault(name, {}).setdefault(system.name, []).append(values or {})

        for number in range(self.options.rounds):
            print(f"round {number + 1} of {self.options.rounds}")
            turn = number % len(chosen)
            for name in (name for name in LOADS if name in wanted):
                for kind, connections in LOADS[name]:
                    for system in chosen[turn:] + chosen[:turn]:
                        what = f"{kind} {connections}"
                        note(what, system, self.attempt(what, system, self.throughput, kind, connections))
            for clients, rate in DATAGRAMS if "datagrams" in wanted else []:
                for system in (s for s in chosen[turn:] + chosen[:turn] if s.forwards_datagrams()):
                    what = f"datagrams {clients} {rate}"
                    note(what, system, self.attempt(what, system, self.datagrams, clients, rate))
        if "memory" in wanted:
            for system in (s for s in chosen if s.name != "direct"):
                note("memory", system, self.attempt("memory", system, self.memory))
        if "syscalls" in wanted:
            for kind, connections in (("messages", 64), ("sessions", 16)):
                for system in (s for s in chosen if s.name in TRACED):
                    what = f"syscalls {kind}"
                    note(what, system, self.attempt(what, system, self.syscalls, kind, connections))
        return results


def machine(chosen, options, own_network):
    text = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    git = subprocess.run(["git", "-C", REPOSITORY, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return {
        "cpu": model.group(1) if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "date": datetime.date.today().isoformat(),
        "commit": git.stdout.strip(),
        "versions": {system.title: system.version() for system in chosen if system.name != "direct"},
        "rounds": options.rounds,
        "seconds": options.seconds,
        "pinned": options.pin,
        "own_network": own_network,
    }


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short round: to see that it works")
    parser.add_argument("--only", default=",".join(ONLY), help=f"some of {','.join(ONLY)}")
    parser.add_argument("--systems", default="", help="some of direct,lastbyte,haproxy,haproxy-splice,nginx,socat,lxd")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--sessions", type=int, default=5000, help="idle sessions for the memory")
    parser.add_argument("--pin", action="store_true", help="the proxy on the first core, its peers on the others")
    parser.add_argument("--binary", default=str(REPOSITORY / "build/release/lastbyte"))
    parser.add_argument("--output", type=pathlib.Path, help="the directory for benchmarks.md, .svg and .json")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 0.5
    return options


def choose(parser_value, known, what):
    names = [name for name in parser_value.split(",") if name] or known
    for name in names:
        if name not in known:
            sys.exit(f"bench: '{name}' is no {what}; known: {', '.join(known)}")
    return names


def main():
    options = arguments()
    wanted = choose(options.only, ONLY, "measurement")
    everything = systems(options.binary)
    names = choose(options.systems, [system.name for system in everything], "system")
    chosen = [system for system in everything if system.name in names]
    if "lastbyte" in names and not os.access(options.binary, os.X_OK):
        sys.exit(f"bench: {options.binary} is not there: ./dev build first")
    complete = wanted == ONLY and len(chosen) == len(everything) and not options.quick
    output = options.output or REPOSITORY / ("docs" if complete else "build/bench")
    output.mkdir(parents=True, exist_ok=True)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, lambda *_: sys.exit("bench: stopped"))
    signal.alarm(int(300 + options.rounds * 36 * (options.seconds + 4)))
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    if 2 * options.sessions + 1000 > limit:
        sys.exit(f"bench: {options.sessions} sessions need {2 * options.sessions + 1000} descriptors; the limit is {limit}")
    own_network = enter_namespace()

    directory = tempfile.mkdtemp(prefix="lastbyte-bench-")
    try:
        bench = Bench(options, directory, own_network)
        results = bench.run(chosen, wanted)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    data = {"machine": machine(chosen, options, own_network), "results": results, "failures": bench.failures}
    (output / "benchmarks.json").write_text(json.dumps(data, indent=1) + "\n")
    titles = {system.name: system.title for system in everything}
    print(report.write(data, titles, output))
    sys.exit(1 if bench.failures else 0)


if __name__ == "__main__":
    main()
