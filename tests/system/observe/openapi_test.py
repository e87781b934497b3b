#!/usr/bin/env python3
"""Each answer of a running lastbyte has the shape that docs/openapi.yaml gives it, and each path of it is answered.

usage: openapi_test.py LASTBYTE OPENAPI
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

import yaml

sys.dont_write_bytecode = True
from running import Unix  # noqa: E402

program, description = sys.argv[1:3]
api = yaml.safe_load(open(description, encoding="utf-8"))
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float), "null": type(None)}


def resolve(schema):
    while "$ref" in schema:
        target = api
        for part in schema["$ref"][2:].split("/"):
            target = target[part]
        schema = target
    return schema


def wrong(value, schema, where):
    """What is wrong with a value; nothing: it has the shape of the schema."""
    schema = resolve(schema)
    for each in schema.get("allOf", []):
        yield from wrong(value, each, where)
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is not one of {schema['enum']}"
    types = schema.get("type")
    if types:
        types = types if isinstance(types, list) else [types]
        if not any(isinstance(value, TYPES[t]) and not (t in ("integer", "number") and isinstance(value, bool)) for t in types):
            yield f"{where}: {value!r} is no {types}"
            return
    if isinstance(value, dict):
        for key in schema.get("required", []):
            if key not in value:
                yield f"{where}: {key} is missing"
        for key, each in schema.get("properties", {}).items():
            if key in value:
                yield from wrong(value[key], each, f"{where}.{key}")
        if isinstance(schema.get("additionalProperties"), dict):
            for key, each in value.items():
                yield from wrong(each, schema["additionalProperties"], f"{where}.{key}")
    if isinstance(value, list) and "items" in schema:
        for index, each in enumerate(value):
            yield from wrong(each, schema["items"], f"{where}[{index}]")


with tempfile.TemporaryDirectory() as directory:
    admin = os.path.join(directory, "admin.sock")
    upstream = socket.create_server(("127.0.0.1", 0))
    daemon = subprocess.Popen(
        [program, "proxy", "--listen", "tcp:127.0.0.1:0", "--connect", f"tcp:127.0.0.1:{upstream.getsockname()[1]}",
         "--name", "web", "--admin-listen", "unix:" + admin, "--workers", "2"],
        stderr=subprocess.PIPE, text=True)
    try:
        lines = []
        for line in daemon.stderr:
            lines.append(line)
            if " records to " in line:
                break
        port = int(re.search(r"listening on 127\.0\.0\.1:(\d+)", "".join(lines)).group(1))

        def ask(method, path, body=None):
            connection = Unix(admin)
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type"), answer.read().decode()

        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(b"hello")
        peer, _ = upstream.accept()
        until = time.monotonic() + 20
        while json.loads(ask("GET", "/v1/sessions")[2])["matched"] != 1:
            assert time.monotonic() < until, "the session does not appear"
        session = str(json.loads(ask("GET", "/v1/sessions")[2])["sessions"][0]["id"])

        problems = []
        asked = 0
        values = {"name": "web", "id": session, "group": "nobody", "member": "nobody", "action": "enable"}
        for path, methods in api["paths"].items():
            for method, operation in methods.items():
                if method == "parameters" or operation["operationId"] in ("events", "login", "logout"):
                    continue
                here = dict(values)
                if "sessions" in path and "action" in path:
                    here["action"] = "close"
                filled = re.sub(r"\{(\w+)\}", lambda found: here[found.group(1)], path)
                body = '{"level": "warning"}' if method == "put" else None
                status, kind, text = ask(method.upper(), filled, body)
                asked += 1
                where = f"{method.upper()} {filled} ({status})"
                answer = operation["responses"].get(str(status))
                if answer is None:
                    problems.append(f"{where}: this status is not described: {text}")
                    continue
                content = resolve(answer).get("content", {})
                if not content:
                    if text:
                        problems.append(f"{where}: has a body: {text}")
                    continue
                if kind not in content:
                    problems.append(f"{where}: {kind} is not one of {list(content)}")
                elif kind == "application/json":
                    problems += wrong(json.loads(text), content[kind]["schema"], where)
        instance = json.loads(ask("GET", "/v1/status")[2])["instance"]
        assert instance == json.loads(ask("GET", "/v1/sessions")[2])["instance"]
        for path, method, body in (("/v1/forwardings/web/drain", "POST", None), ("/v1/log-level", "PUT", '{"level": "info"}')):
            for condition, expected in (("instance=other", 412), ("instanze=x", 400), ("instance=" + instance, 204)):
                status, kind, text = ask(method, f"{path}?{condition}", body)
                if status != expected:
                    problems.append(f"{method} {path}?{condition}: status {status}, not {expected}: {text}")
                if status == 412:
                    problems += wrong(json.loads(text), api["components"]["schemas"]["Error"], path)
        ask("POST", "/v1/forwardings/web/enable")
        for bad in ("/v1/sessions?limit=0", "/v1/nothing", "/"):
            status, kind, text = ask("GET", bad)
            problems += wrong(json.loads(text), api["components"]["schemas"]["Error"], bad)
            if status not in (400, 404):
                problems.append(f"{bad}: status {status}")
        events = Unix(admin)
        events.request("GET", "/v1/events", headers={"Accept": "application/x-ndjson"})
        stream = events.getresponse()
        second = socket.create_connection(("127.0.0.1", port))
        problems += wrong(json.loads(stream.readline()), api["components"]["schemas"]["Event"], "events")
        second.close()
        upstream.accept()[0].close()
        problems += wrong(json.loads(stream.readline()), api["components"]["schemas"]["Event"], "events")
        assert asked >= 12, asked
        assert not problems, "\n".join(problems)
        # The check itself must be able to fail.
        assert list(wrong({"level": "loud"}, api["components"]["schemas"]["LogLevel"], "x"))
        assert list(wrong({}, api["components"]["schemas"]["Status"], "x"))
    finally:
        daemon.terminate()
        daemon.communicate()
        daemon.wait()
