#!/usr/bin/env python3
"""The resources that `lastbyte check` uses while it runs, and what it leaves behind in each way to end.

    bounds_test.py CHECK_TOOL FAULTY_PROXY
"""
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

TOOL, FAULTY = sys.argv[1:3]
PASSED, CANNOT = 0, 2


def faulty(fault):
    return f'{FAULTY} {fault} {{listen_port}} {{upstream_port}}'


class Bounds(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix='lastbyte-check-test-')
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def start(self, *arguments, **more):
        return subprocess.Popen([TOOL, *arguments], text=True, stdin=subprocess.DEVNULL,
                                env={**os.environ, 'TMPDIR': self.scratch}, **more)

    def wait_for(self, condition, process):
        deadline = time.monotonic() + 30
        while not condition():
            self.assertIsNone(process.poll())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)

    def scratch_bytes(self):
        sizes = []
        for where, _, names in os.walk(self.scratch):
            for name in names:
                try:
                    sizes.append(os.path.getsize(os.path.join(where, name)))
                except FileNotFoundError:
                    pass
        return sum(sizes)

    def test_a_command_that_prints_without_end_fills_no_disk_and_is_ended(self):
        with self.start('--command', 'yes {listen} {upstream}', '--only', 'refused', stderr=subprocess.PIPE) as run:
            most = 0
            while run.poll() is None:
                most = max(most, self.scratch_bytes())
                time.sleep(0.02)
            said = run.stderr.read()
        self.assertEqual(run.returncode, CANNOT)
        self.assertIn('does not listen there; its output: ...', said)
        self.assertLess(len(said), 4000)
        self.assertLess(most, 1 << 20)
        self.assertEqual(os.listdir(self.scratch), [])

    def test_signals_end_the_proxies_and_leave_nothing(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(number), self.start('--command', faulty('none'), '--only', 'half-close-client',
                                                  '--repeat', '1000', stdout=subprocess.DEVNULL) as run:
                with open(f'/proc/{run.pid}/task/{run.pid}/children', encoding='ascii') as file:
                    self.wait_for(lambda: os.listdir(self.scratch) != [] and (file.seek(0), file.read())[1], run)
                run.send_signal(number)
                self.assertEqual(run.wait(timeout=30), -number)
                self.assertEqual(os.listdir(self.scratch), [])
                self.assertEqual(subprocess.run(['pgrep', '-g', str(run.pid)], capture_output=True).stdout, b'')

    def test_a_reader_that_leaves_ends_it_and_leaves_nothing(self):
        with self.start('--command', faulty('none'), '--only', 'empty-client-first,half-close-client,unreachable', '--slow',
                        stdout=subprocess.PIPE) as run:
            self.assertIn('empty-client-first', run.stdout.readline())
            run.stdout.close()
            self.assertEqual(run.wait(timeout=60), -signal.SIGPIPE)
        self.assertEqual(os.listdir(self.scratch), [])

    def test_an_ignored_hang_up_stays_ignored(self):
        with self.start('--command', faulty('none'), '--only', 'half-close-client', stdout=subprocess.PIPE,
                        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as run:
            self.wait_for(lambda: os.listdir(self.scratch) != [], run)
            run.send_signal(signal.SIGHUP)
            self.assertIn('1 passed', run.stdout.read())
        self.assertEqual(run.returncode, PASSED)

    def test_2_where_standard_output_is_full(self):
        with open('/dev/full', 'w', encoding='ascii') as full, self.start('--plain', '--only', 'refused', '--json', '-',
                                                                          stdout=full) as run:
            self.assertEqual(run.wait(timeout=60), CANNOT)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
