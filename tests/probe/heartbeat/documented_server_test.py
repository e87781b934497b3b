#!/usr/bin/env python3
"""The server in docs/heartbeat.md speaks with ours: documented_server_test.py PROGRAM SOURCES PROTOC

Exit status 77, which ctest takes for skipped, where Python's protobuf is not installed.
"""

import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

PROGRAM, SOURCES, PROTOC = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]

try:
    import google.protobuf  # noqa: F401
except ImportError:
    print("needs python3-protobuf")
    sys.exit(77)


def documented_server(directory):
    """The function `serve` of the page."""
    subprocess.run([PROTOC, f"--proto_path={SOURCES / 'proto'}", f"--python_out={directory}",
                    SOURCES / "proto/heartbeat.proto"], check=True)
    sys.path.insert(0, directory)
    code = re.search(r"```python\n(.*?)```", (SOURCES / "docs/heartbeat.md").read_text(), re.DOTALL).group(1)
    names = {}
    exec(compile(code, "docs/heartbeat.md", "exec"), names)
    return names["serve"]


class DocumentedServer(unittest.TestCase):
    def test_speaks_with_lastbyte_heartbeat_probe(self):
        with tempfile.TemporaryDirectory() as directory, socket.create_server(("127.0.0.1", 0)) as listening:
            serve = documented_server(directory)
            ended = []

            def run():
                connection, _ = listening.accept()
                with connection:
                    serve(connection, 10)  # so long that no load of this machine counts as silence
                ended.append(True)

            server = threading.Thread(target=run, daemon=True)
            server.start()
            at = "tcp:127.0.0.1:%d" % listening.getsockname()[1]
            heard = subprocess.run([PROGRAM, "heartbeat", "probe", at, "--interval", "10s", "--count", "1"],
                                   capture_output=True, text=True, timeout=60)
            server.join(60)
            self.assertEqual((heard.returncode, heard.stderr), (0, ""))
            self.assertRegex(heard.stdout, rf"^{at}: round trip [0-9.]+ ms, load 0 %\n$")
            self.assertEqual(ended, [True], "it returns at our FIN")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
