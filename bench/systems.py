"""The compared systems: how to start each forwarder, and how to get its version."""

import os
import socket
import subprocess
import sys
import time

from processes import BenchError, Process

HAPROXY = """
global
  nbthread {workers}
  maxconn {maxconn}
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
{options}
listen bench
  bind 127.0.0.1:{listen}
  server origin 127.0.0.1:{target}
"""

NGINX = """
{head}
daemon off;
worker_processes {workers};
pid {directory}/nginx.pid;
error_log stderr error;
events {{ worker_connections {connections}; }}
stream {{
  server {{
    listen 127.0.0.1:{listen}{options};
    proxy_pass 127.0.0.1:{target};
    proxy_timeout 1h;
  }}
}}
"""



class Start:
    """The parameters of a forwarder's start."""

    def __init__(self, listen, target, directory, sessions, workers, datagrams):
        self.listen, self.target, self.directory = listen, target, directory
        self.sessions, self.workers, self.datagrams = sessions, workers, datagrams

    def file(self, name, text):
        path = os.path.join(self.directory, f"{self.listen}-{name}")
        with open(path, "w") as file:
            file.write(text)
        return path


def _lastbyte(binary, *more):
    def argv(start):
        transport = "udp" if start.datagrams else "tcp"
        return [binary, "proxy", "--workers", str(start.workers), "--log-target", "off",
                "--listen", f"{transport}:127.0.0.1:{start.listen}", "--connect", f"{transport}:127.0.0.1:{start.target}",
                *more]
    return argv


def _haproxy(binary, options=""):
    def argv(start):
        text = HAPROXY.format(listen=start.listen, target=start.target, maxconn=start.sessions + 500, options=options,
                              workers=start.workers)
        return [binary, "-db", "-q", "-f", start.file("haproxy.cfg", text)]
    return argv


def _nginx(binary, module):
    def argv(start):
        head = "user root;" if os.geteuid() == 0 else ""
        if module:
            head += f"\nload_module {module};"
        options = (" udp" if start.datagrams else "") + (" reuseport" if start.workers > 1 else "")
        text = NGINX.format(listen=start.listen, target=start.target, directory=start.directory, head=head, options=options,
                            connections=2 * start.sessions + 500, workers=start.workers)
        return [binary, "-p", start.directory, "-e", "stderr", "-c", start.file("nginx.conf", text)]
    return argv


def _socat(start):
    if start.datagrams:
        return ["socat", f"UDP4-LISTEN:{start.listen},bind=127.0.0.1,fork,reuseaddr", f"UDP4:127.0.0.1:{start.target}"]
    return ["socat", f"TCP4-LISTEN:{start.listen},bind=127.0.0.1,fork,reuseaddr,nodelay,backlog=1024",
            f"TCP4:127.0.0.1:{start.target},nodelay"]


def _lxd(start):
    """Starts the proxy device alone, without the daemon. It listens in one process's network namespace and connects in
    another's; here both are ours."""
    return ["lxd", "forkproxy", "--", str(os.getpid()), "-1", f"tcp:127.0.0.1:{start.listen}",
            str(os.getpid()), "-1", f"tcp:127.0.0.1:{start.target}", "", "", "", "", "", ""]


def _observed(binary):
    """lastbyte with metrics and dashboard."""
    plain = _lastbyte(binary)

    def argv(start):
        doors = [f"unix:{path}" for path in _doors(start.listen, start.directory)]
        return [*plain(start), "--metrics-listen", doors[0], "--dashboard-listen", doors[1], "--admin-listen", "none"]
    return argv


def _observer(listen, directory):
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "observer.py")
    return [sys.executable, program, *_doors(listen, directory)]


def _doors(listen, directory):
    return [os.path.join(directory, f"{listen}-{name}.sock") for name in ("metrics", "dashboard")]


class System:
    """`argv` makes the command; None: nothing to start. `datagrams`: it forwards UDP. `workers`: it can have several.
    `traced`: the benchmark counts its system calls. `observer` makes the command of a program that observes it, from its
    port and directory. `variant`: a variant of lastbyte, only for the workloads that name it."""

    def __init__(self, name, title, argv, version, datagrams=False, workers=False, traced=False, forks=False, observer=None,
                 variant=False):
        self.name, self.title, self._argv, self._version = name, title, argv, version
        self._datagrams, self._workers, self.traced, self._forks = datagrams, workers, traced, forks
        self.observer, self.variant = observer, variant

    def does(self, workload):
        if workload.systems:
            return self.name in workload.systems
        if self.variant:
            return False
        if workload.datagrams:
            return self._datagrams
        return workload.workers == 1 or self._workers

    def version(self):
        if not self._version:
            return ""
        done = subprocess.run(self._version, capture_output=True, text=True, timeout=10)
        lines = [line for line in (done.stdout + done.stderr).splitlines() if any(c.isdigit() for c in line)]
        return lines[0].strip() if lines else "unknown"

    def start(self, target, directory, sessions, workers=1, datagrams=False):
        """Starts a forwarder to 127.0.0.1:target. Returns its process (None: no proxy) and the port to connect to."""
        if not self._argv:
            return None, target
        listen = free_port(socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM)
        process = Process(self._argv(Start(listen, target, directory, sessions, workers, datagrams)), directory, self._forks)
        if datagrams:
            return process, listen  # its first answer shows that it is ready
        try:
            wait_for_port(process, listen)
        except BaseException:
            process.stop()
            raise
        return process, listen


def systems(binary, haproxy=None, nginx=None, against=None):
    """`haproxy`, `nginx`: built source trees; None: Debian's packages. `against`: another lastbyte."""
    haproxy = os.path.join(haproxy, "haproxy") if haproxy else "/usr/sbin/haproxy"
    module = None if nginx else "/usr/lib/nginx/modules/ngx_stream_module.so"
    nginx = os.path.join(nginx, "objs", "nginx") if nginx else "/usr/sbin/nginx"
    splice = "  option splice-request\n  option splice-response"
    other = [System("against", "the other lastbyte", _lastbyte(against), [against, "--version"], datagrams=True, workers=True,
                    traced=True)] if against else []
    return [
        *other,
        System("direct", "direct connection", None, None, datagrams=True),
        System("lastbyte", "lastbyte", _lastbyte(binary), [binary, "--version"], datagrams=True, workers=True, traced=True),
        System("lastbyte-uring", "lastbyte, io: io-uring", _lastbyte(binary, "--io", "io-uring"), [binary, "--version"],
               datagrams=False, workers=True, traced=True),
        System("lastbyte-observed", "lastbyte, observed", _observed(binary), [binary, "--version"], observer=_observer,
               variant=True),
        System("lastbyte-traced", "lastbyte, trace: on", _lastbyte(binary, "--trace", "on"), [binary, "--version"],
               variant=True),
        System("haproxy", "HAProxy", _haproxy(haproxy), [haproxy, "-v"], workers=True, traced=True),
        System("haproxy-splice", "HAProxy, splice forced", _haproxy(haproxy, splice), [haproxy, "-v"]),
        System("nginx", "nginx stream", _nginx(nginx, module), [nginx, "-v"], datagrams=True, workers=True, traced=True),
        System("socat", "socat fork", _socat, ["socat", "-V"], datagrams=True, forks=True),
        System("lxd", "LXD proxy device", _lxd, ["sh", "-c", "echo LXD $(lxd --version)"], forks=True),
    ]


def free_port(kind=socket.SOCK_STREAM):
    """Returns a port that the kernel chose. No other process takes a port until the proxy binds it."""
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    """Waits without connecting: through a proxy, a connection would be a session."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = (row.split() for row in table)
        return any(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)


def wait_for_port(process, port):
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if process.popen.poll() is not None:
            process.fail(f"ended with status {process.popen.returncode}")
        if listens(port):
            return
        time.sleep(0.01)
    raise BenchError(f"{process.argv[0]} does not listen on port {port}")
