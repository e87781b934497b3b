"""What is compared: how each forwarder is started, with one worker, and asked for its version."""

import os
import socket
import subprocess
import time

from processes import BenchError, Process

HAPROXY = """
global
  nbthread 1
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
{user}
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log stderr error;
events {{ worker_connections {connections}; }}
stream {{
  server {{
    listen 127.0.0.1:{listen};
    proxy_pass 127.0.0.1:{target};
    proxy_timeout 1h;
  }}
}}
"""


NGINX_UDP = NGINX.replace("{listen};", "{listen} udp;")


def _write(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def _lastbyte(listen, target, directory, sessions, binary):
    return [binary, "proxy", "--workers", "1", "--log-target", "off",
            "--listen", f"tcp:127.0.0.1:{listen}", "--connect", f"tcp:127.0.0.1:{target}"]


def _haproxy(listen, target, directory, sessions, options=""):
    text = HAPROXY.format(listen=listen, target=target, maxconn=sessions + 500, options=options)
    return ["/usr/sbin/haproxy", "-db", "-q", "-f", _write(directory, "haproxy.cfg", text)]


def _haproxy_splice(listen, target, directory, sessions):
    return _haproxy(listen, target, directory, sessions, "  option splice-request\n  option splice-response")


def _nginx(listen, target, directory, sessions, template=NGINX):
    user = "user root;" if os.geteuid() == 0 else ""
    text = template.format(listen=listen, target=target, directory=directory, connections=2 * sessions + 500, user=user)
    return ["/usr/sbin/nginx", "-p", directory, "-e", "stderr", "-c", _write(directory, "nginx.conf", text)]


def _socat(listen, target, directory, sessions):
    return ["socat", f"TCP4-LISTEN:{listen},bind=127.0.0.1,fork,reuseaddr,nodelay,backlog=1024",
            f"TCP4:127.0.0.1:{target},nodelay"]


def _lxd(listen, target, directory, sessions):
    """The proxy device alone, without the daemon: it listens in the network namespace of one process and connects in that
    of another, here both ours."""
    return ["lxd", "forkproxy", "--", str(os.getpid()), "-1", f"tcp:127.0.0.1:{listen}",
            str(os.getpid()), "-1", f"tcp:127.0.0.1:{target}", "", "", "", "", "", ""]


def _lastbyte_udp(listen, target, directory, sessions, binary):
    return [binary, "proxy", "--workers", "1", "--log-target", "off",
            "--listen", f"udp:127.0.0.1:{listen}", "--connect", f"udp:127.0.0.1:{target}"]


def _nginx_udp(listen, target, directory, sessions):
    return _nginx(listen, target, directory, sessions, NGINX_UDP)


def _socat_udp(listen, target, directory, sessions):
    return ["socat", f"UDP4-LISTEN:{listen},bind=127.0.0.1,fork,reuseaddr", f"UDP4:127.0.0.1:{target}"]


class System:
    """`argv` and `udp_argv`: how it is started to forward TCP and UDP; None: there is nothing to start, or it cannot."""

    def __init__(self, name, title, argv, version, udp_argv=None):
        self.name, self.title, self._argv, self._version, self._udp_argv = name, title, argv, version, udp_argv

    def forwards_datagrams(self):
        return self._argv is None or self._udp_argv is not None

    def version(self):
        if not self._version:
            return ""
        done = subprocess.run(self._version, capture_output=True, text=True, timeout=10)
        lines = [line for line in (done.stdout + done.stderr).splitlines() if any(c.isdigit() for c in line)]
        return lines[0].strip() if lines else "unknown"

    def start_datagrams(self, target, directory, sessions, cpus=None):
        """The same for UDP; that it is ready shows when it answers."""
        if not self._udp_argv:
            return None, target
        listen = free_port(socket.SOCK_DGRAM)
        return Process(self._udp_argv(listen, target, directory, sessions), directory, cpus), listen

    def start(self, target, directory, sessions, cpus=None):
        """A running forwarder to 127.0.0.1:target: its process (None: no proxy at all) and the port to connect to."""
        if not self._argv:
            return None, target
        listen = free_port()
        process = Process(self._argv(listen, target, directory, sessions), directory, cpus)
        try:
            wait_for_port(process, listen)
        except BaseException:
            process.stop()
            raise
        return process, listen


def systems(lastbyte_binary):
    def lastbyte(*arguments):
        return _lastbyte(*arguments, lastbyte_binary)

    def lastbyte_udp(*arguments):
        return _lastbyte_udp(*arguments, lastbyte_binary)

    return [
        System("direct", "direct connection", None, None),
        System("lastbyte", "lastbyte", lastbyte, [lastbyte_binary, "--version"], lastbyte_udp),
        System("haproxy", "HAProxy", _haproxy, ["/usr/sbin/haproxy", "-v"]),
        System("haproxy-splice", "HAProxy, splice forced", _haproxy_splice, ["/usr/sbin/haproxy", "-v"]),
        System("nginx", "nginx stream", _nginx, ["/usr/sbin/nginx", "-v"], _nginx_udp),
        System("socat", "socat fork", _socat, ["socat", "-V"], _socat_udp),
        System("lxd", "LXD proxy device", _lxd, ["sh", "-c", "echo LXD $(lxd --version)"]),
    ]


def free_port(kind=socket.SOCK_STREAM):
    """A port that the kernel chose; nobody else asks for one between here and the proxy's bind."""
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    """Looks, and does not connect: through a proxy, that would be a session."""
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
