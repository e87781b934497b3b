"""The measurements: slices of load in turn, memory, system calls, and the shares of two workers."""

import contextlib
import itertools
import json
import os
import pathlib
import random
import subprocess
import time

from processes import BenchError, Load, Process, SystemCalls, libc, memory_bytes
from workloads import BY_NAME

CLONE_NEWNET = 0x40000000
SOCAT_IDLE_SESSIONS = 250  # one process per session
SHARED_BY_WORKERS = 20  # connections

# A server's port is usually outside the range of local ports. Towards a port inside it, lastbyte checks each connection
# for a connection to itself.
SERVER_PORTS, LOCAL_PORTS = "1024 9999", "10000 65535"


def set_local_ports(ports):
    pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").write_text(ports)


def enter_namespace():
    """Enters a network namespace of our own, without other traffic, a firewall or used ports. False: not allowed."""
    if os.geteuid() != 0 or libc.unshare(CLONE_NEWNET) != 0:
        return False
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    set_local_ports(LOCAL_PORTS)
    return True


class Running:
    """One system and its load, connected and warm."""

    def __init__(self, system, proxy, load):
        self.system, self.proxy, self.load = system, proxy, load

    def slice(self, workload, seconds):
        before = self.proxy.cpu_seconds() if self.proxy else 0
        workers_before = self.proxy.worker_seconds() if workload.systems else None
        result = self.load.slice(seconds)
        # An observed system never becomes quite idle.
        cpu = self.proxy.settled_cpu_seconds(0.05 if workload.systems else 0.2) - before if self.proxy else None
        elapsed, operations = result["seconds"], result["operations"]
        if not operations:
            return {}  # more datagrams than the system can forward, at a bad moment
        if workload.unit == "GB":
            gigabytes = result["bytes"] / 1e9
            return {"gb_per_s": gigabytes / elapsed, "cpu_s_per_gb": cpu / gigabytes if self.proxy else None}
        figures = {"per_s": operations / elapsed}
        if workload.datagrams:
            figures |= {"loss_percent": 100 * (1 - operations / result["sent"]), "offered_per_s": result["sent"] / elapsed}
            operations *= 2
        if workers_before is not None:
            figures["worker_us"] = (self.proxy.worker_seconds() - workers_before) / operations * 1e6
        return figures | {"cpu_us": cpu / operations * 1e6 if self.proxy else None}


class Bench:
    def __init__(self, options, directory, own_network):
        self.options = options
        self.own_network = own_network
        self.directory = directory
        self.origin_program = str(pathlib.Path(options.programs) / "bench_origin")
        self.load_program = str(pathlib.Path(options.programs) / "bench_load")
        self.random = random.Random(options.seed)
        self.failures = []

    @contextlib.contextmanager
    def origin(self):
        """Runs an origin. Yields its ports by name."""
        if self.own_network:
            set_local_ports(SERVER_PORTS)
        with Process([self.origin_program], self.directory) as origin:
            ports = json.loads(origin.read_line(5))
            if self.own_network:
                set_local_ports(LOCAL_PORTS)
            yield ports

    def start(self, stack, system, ports, workload, load=None, connections=None, sessions=1000):
        """Starts the system in front of that origin, and its load. The stack ends both."""
        connections = connections or workload.connections
        proxy, port = system.start(ports[workload.port], self.directory, sessions, workload.workers, workload.datagrams)
        if proxy:
            stack.enter_context(proxy)
        if system.observer:
            observer = Process(system.observer(port, self.directory), self.directory)
            stack.enter_context(observer)
            if observer.read_line(10) != "ready":
                observer.fail("has had no answer")
        if workload.idle:
            idle = stack.enter_context(Load(self.load_program, "idle", port, workload.idle, self.directory))
            idle.slice(0)
        more = workload.more if load is None else ()
        started = Load(self.load_program, load or workload.load, port, connections, self.directory, more)
        return Running(system, proxy, stack.enter_context(started))

    def fail(self, what, system, error):
        print(f"  {what:<24} {system.title:<24} FAILED: {error}", flush=True)
        self.failures.append(f"{what}, {system.title}: {error}")

    def in_slices(self, workload, systems):
        """Runs one slice of each system per round, in random order. Returns {system: [figures of a slice, {} if it
        failed]} and {system: percentiles over all of its slices}."""
        began = time.monotonic()
        figures, latencies = {}, {}
        rounds = min(self.options.rounds, workload.rounds or self.options.rounds)
        seconds = workload.slice or self.options.slice
        with contextlib.ExitStack() as stack:
            ports = stack.enter_context(self.origin())
            running = []
            for system in systems:
                try:
                    running.append(self.start(stack, system, ports, workload, sessions=max(1000, workload.idle)))
                    running[-1].slice(workload, seconds)  # one slice to warm up
                    running[-1].load.latencies()
                except (BenchError, OSError, subprocess.SubprocessError, json.JSONDecodeError) as error:
                    running = [each for each in running if each.system is not system]
                    self.fail(workload.name, system, error)
            for _ in range(rounds):
                for each in self.random.sample(running, len(running)):
                    try:
                        values = each.slice(workload, seconds)
                    except (BenchError, OSError, json.JSONDecodeError) as error:
                        self.fail(workload.name, each.system, error)
                        running.remove(each)
                        values = {}
                    figures.setdefault(each.system.name, []).append(values)
            for each in running:
                if not any(figures[each.system.name]):
                    self.fail(workload.name, each.system, BenchError("nothing came back in any slice"))
                latencies[each.system.name] = each.load.latencies()
        print(f"  {workload.name:<24} {rounds} rounds of {len(systems)} systems, "
              f"{time.monotonic() - began:.0f} s", flush=True)
        return figures, latencies

    def memory(self, system):
        sessions = SOCAT_IDLE_SESSIONS if system.name == "socat" else self.options.sessions
        with contextlib.ExitStack() as stack:
            ports = stack.enter_context(self.origin())
            idle = self.start(stack, system, ports, BY_NAME["messages 1"], "idle", sessions, sessions)
            idle.proxy.settled_cpu_seconds()
            before = memory_bytes(idle.proxy.pid)
            idle.load.slice(0)
            idle.proxy.settled_cpu_seconds(1.0)
            after = memory_bytes(idle.proxy.pid)
        result = {f"{name}_per_session": (after[name] - before[name]) / sessions for name in after}
        return {**result, "rss_idle": before["rss"], "rss_full": after["rss"], "sessions": sessions}

    def syscalls(self, system, workload):
        with contextlib.ExitStack() as stack:
            ports = stack.enter_context(self.origin())
            traced = self.start(stack, system, ports, workload)
            calls = SystemCalls(traced.proxy.pid, self.directory)
            calls.attach()
            result = traced.load.slice(1.0)
            traced.proxy.settled_cpu_seconds(1.0)
            counts = calls.detach()
        # a message is one direction of a request and its answer
        units = result["operations"] * (2 if workload.load == "messages" else 1)
        top = sorted(counts.items(), key=lambda item: -item[1])
        return {"per_unit": sum(counts.values()) / units, "calls": {name: count / units for name, count in top}}

    def shares(self, system):
        """Counts, in many starts, the connections of each of two workers. Returns the larger share of each start."""
        parts = []
        workload = BY_NAME["messages 64 workers 2"]
        for _ in range(self.options.starts):
            with contextlib.ExitStack() as stack:
                ports = stack.enter_context(self.origin())
                shared = self.start(stack, system, ports, workload, "idle", SHARED_BY_WORKERS)
                before = watched_by_epoll(shared.proxy.pids())
                shared.load.slice(0)
                shared.proxy.settled_cpu_seconds()
                after = watched_by_epoll(shared.proxy.pids())
            gained = sorted((after[key] - before.get(key, 0) for key in after), reverse=True)
            if sum(gained) > 0:
                parts.append(gained[0] / sum(gained))
        if not parts:
            raise BenchError("its connections are in no epoll instance")
        return {"largest_part": sum(parts) / len(parts), "worst_part": max(parts), "starts": len(parts)}

    def once(self, results, what, system, measure, *arguments):
        try:
            values = measure(system, *arguments)
        except (BenchError, OSError, subprocess.SubprocessError, json.JSONDecodeError) as error:
            return self.fail(what, system, error)
        shown = "  ".join(f"{name} {value:.4g}" for name, value in values.items() if isinstance(value, (int, float)))
        print(f"  {what:<24} {system.title:<24} {shown}", flush=True)
        results.setdefault(what, {})[system.name] = [values]


def watched_by_epoll(pids):
    """Returns {(pid, descriptor of an epoll instance): number of descriptors that it watches}."""
    found = {}
    for pid in pids:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(entry.path) == "anon_inode:[eventpoll]":
                    text = pathlib.Path(f"/proc/{pid}/fdinfo/{entry.name}").read_text()
                    found[pid, entry.name] = sum(line.startswith("tfd:") for line in text.splitlines())
    return found


def run(bench, chosen, wanted, workloads):
    """Returns (results, latencies), by the names of workloads and systems."""
    results, latencies = {}, {}
    for workload in (w for w in workloads if w.kind in wanted):
        results[workload.name], latencies[workload.name] = bench.in_slices(
            workload, [s for s in chosen if s.does(workload)])
    proxies = [s for s in chosen if s.name != "direct" and not s.variant]
    if "memory" in wanted:
        for system in proxies:
            bench.once(results, "memory", system, bench.memory)
    if "workers" in wanted:
        for system in (s for s in proxies if s.does(BY_NAME["messages 64 workers 2"])):
            bench.once(results, "workers", system, bench.shares)
    if "syscalls" in wanted:
        traced = (s for s in proxies if s.traced)
        for system, (what, name) in itertools.product(traced, (("syscalls messages", "messages 64"),
                                                               ("syscalls sessions", "sessions 16"))):
            bench.once(results, what, system, bench.syscalls, BY_NAME[name])
    return results, latencies
