#!/usr/bin/env python3
"""Observes lastbyte as a site does: Prometheus scrapes it, the dashboard shows its list of sessions, and a program follows
its events. bench/measure.py starts it: observer.py METRICS_SOCKET DASHBOARD_SOCKET. It prints "ready" after an answer to
each of them, and ends with its standard input."""

import http.client
import os
import socket
import sys
import threading
import time

EVERY_SECOND = ("/v1/status", "/v1/sessions?offset=0&limit=200")  # the requests of dashboard/src
answered = threading.Barrier(4)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def get(connection, target):
    connection.request("GET", target, headers={"Accept": "text/event-stream"} if target == "/v1/events" else {})
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"{target}: {answer.status}")
    return answer


def ask(connection, targets):
    first = True
    while True:
        for target in targets:
            get(connection, target).read()
        if first:
            answered.wait()
        first = False
        time.sleep(1)


def follow(connection):
    events = get(connection, "/v1/events")
    answered.wait()
    while events.read1(65536):
        pass
    raise RuntimeError("the events ended")


def run(work, *arguments):
    def whole():
        try:
            work(*arguments)
        except Exception as error:  # any error ends the observation
            print(f"observer: {error}", file=sys.stderr, flush=True)
            os._exit(1)
    threading.Thread(target=whole, daemon=True).start()


def main():
    metrics, dashboard = sys.argv[1:]
    run(ask, UnixConnection(metrics), ("/metrics",))
    run(ask, UnixConnection(dashboard), EVERY_SECOND)
    run(follow, UnixConnection(dashboard))
    answered.wait()
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
