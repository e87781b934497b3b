"""Child processes of a benchmark, and their CPU time, memory and system calls."""

import ctypes
import json
import os
import re
import select
import signal
import subprocess
import time

libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """A measurement was not possible. The text says why."""


def _die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A child with a line protocol. It and its descendants end at stop(), and when this program dies."""

    def __init__(self, argv, directory, forks=False):
        """`forks`: its children change, so each look at its CPU time searches for them."""
        self.argv = argv
        self.forks = forks
        self._pids = None
        self.log = open(os.path.join(directory, os.path.basename(argv[0]) + ".log"), "wb+")
        self.popen = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, bufsize=0, preexec_fn=_die_with_parent
        )
        self.rest = b""

    @property
    def pid(self):
        return self.popen.pid

    def fail(self, what):
        self.log.seek(0)
        said = self.log.read().decode(errors="replace").strip().splitlines()[-3:]
        raise BenchError(f"{os.path.basename(self.argv[0])}: {what}; it said: {' | '.join(said) or 'nothing'}")

    def read_line(self, timeout):
        end = time.monotonic() + timeout
        while b"\n" not in self.rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.popen.stdout], [], [], left)[0]:
                self.fail(f"no answer in {timeout} s")
            data = os.read(self.popen.stdout.fileno(), 65536)
            if not data:
                self.fail("ended early")
            self.rest += data
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()

    def write_line(self, text):
        self.popen.stdin.write(text.encode() + b"\n")

    def pids(self):
        """Returns the pids of the process and its descendants."""
        if self.forks or self._pids is None:
            self._pids = tree(self.pid)
        return self._pids

    def cpu_seconds(self):
        """Precise to a nanosecond for living processes (their CPU clock), to a tick for ended children."""
        total = 0.0
        for pid in self.pids():
            try:
                total += time.clock_gettime((~pid << 3) | 2)  # CPUCLOCK_SCHED of another process: clock_getcpuclockid(3)
                if self.forks:
                    fields = _stat(pid)
                    total += (int(fields[13]) + int(fields[14])) / TICKS_PER_SECOND
            except OSError:
                pass
        return total

    def worker_seconds(self):
        """Returns the CPU time of the threads named worker-N. None: there are none."""
        total, found = 0.0, False
        for entry in os.scandir(f"/proc/{self.pid}/task"):
            with open(f"{entry.path}/comm") as comm:
                if not comm.read().startswith("worker-"):
                    continue
            with open(f"{entry.path}/schedstat") as file:
                total, found = total + int(file.read().split()[0]) / 1e9, True
        return total if found else None

    def settled_cpu_seconds(self, patience=0.2):
        """Returns the CPU time when it no longer grows."""
        end = time.monotonic() + patience
        last = self.cpu_seconds()
        while time.monotonic() < end:
            time.sleep(0.005)
            now = self.cpu_seconds()
            if now - last < 0.00005:
                return now
            last = now
        return last

    def stop(self):
        pids = tree(self.pid)
        self.popen.terminate()
        try:
            self.popen.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        for pid in pids[1:]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for stream in (self.popen.stdin, self.popen.stdout, self.log):
            stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def _stat(pid):
    """The fields of /proc/PID/stat from the third on, the state."""
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()


def tree(root):
    """Returns the process and all its descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                children.setdefault(int(_stat(entry)[1]), []).append(int(entry))
            except OSError:
                pass
    found = [root]
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def memory_bytes(root):
    """Rss, Pss and anonymous memory of a process tree."""
    total = {"rss": 0, "pss": 0, "anonymous": 0}
    for pid in tree(root):
        try:
            with open(f"/proc/{pid}/smaps_rollup") as file:
                text = file.read()
        except OSError:
            continue
        for name in total:
            total[name] += int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M | re.I).group(1)) * 1024
    return total


class SystemCalls:
    """Counts the system calls of a process tree between attach() and detach()."""

    def __init__(self, root, directory):
        self.root = root
        self.file = os.path.join(directory, "strace.txt")
        self.strace = None

    def attach(self):
        pids = [word for pid in tree(self.root) for word in ("-p", str(pid))]
        self.strace = subprocess.Popen(
            ["strace", "-f", "-c", "-U", "calls,name", "-o", self.file, *pids],
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, preexec_fn=_die_with_parent,
        )
        if not select.select([self.strace.stderr], [], [], 5)[0]:
            raise BenchError("strace did not attach")
        said = os.read(self.strace.stderr.fileno(), 4096).decode(errors="replace")
        if "attached" not in said:
            raise BenchError(f"strace: {said.strip()}")
        time.sleep(0.2)  # time for the remaining threads

    def detach(self):
        """Returns {"read": 12, ...}."""
        self.strace.send_signal(signal.SIGINT)
        self.strace.communicate(timeout=10)
        with open(self.file) as file:
            rows = re.findall(r"^\s*(\d+)\s+(\w+)\s*$", file.read(), re.M)
        return {name: int(count) for count, name in rows if name != "total"}


class Load:
    """A connected and warm bench_load; load.cpp describes its protocol."""

    def __init__(self, program, kind, port, connections, directory, more=()):
        self.process = Process(
            [program, "--connect", f"127.0.0.1:{port}", "--connections", str(connections), *more, kind], directory)
        try:
            if self.process.read_line(30) != "ready":
                self.process.fail("is not ready")
        except BaseException:
            self.process.stop()
            raise

    def slice(self, seconds):
        self.process.write_line(f"slice {seconds}")
        return json.loads(self.process.read_line(seconds + 30))

    def latencies(self):
        """Returns percentiles over all slices since the last call."""
        self.process.write_line("latencies")
        return json.loads(self.process.read_line(30))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()
