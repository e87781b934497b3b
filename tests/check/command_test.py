#!/usr/bin/env python3
"""`lastbyte check` as a user and a CI system use it: exit statuses, and files that other programs can read.

    command_test.py CHECK_TOOL FAULTY_PROXY
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

TOOL, FAULTY = sys.argv[1:3]
PASSED, FAILED, CANNOT = 0, 1, 2
FAST = 'empty-client-first,refused,server-reset-idle'


def check(*arguments):
    return subprocess.run([TOOL, *arguments], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)


def faulty(fault):
    return f'{FAULTY} {fault} {{listen_port}} {{upstream_port}}'


def free_port():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


def listens(port):
    """Does not connect: through a proxy, that would be a session."""
    with open('/proc/net/tcp', encoding='ascii') as table:
        return any(row.split()[1].endswith(f':{port:04X}') and row.split()[3] == '0A' for row in table)


class Status(unittest.TestCase):
    def expect(self, status, run):
        self.assertEqual(run.returncode, status, run.stdout + run.stderr)

    def test_0_where_all_that_was_played_has_passed(self):
        run = check('--command', faulty('none'), '--only', FAST)
        self.expect(PASSED, run)
        self.assertIn('3 passed, 0 failed, 0 skipped', run.stdout)

    def test_1_where_something_has_failed(self):
        run = check('--command', faulty('fin-for-reset'), '--only', FAST)
        self.expect(FAILED, run)
        self.assertIn('2 passed, 1 failed, 0 skipped', run.stdout)
        self.assertIn("'expect reset': the input ended with a FIN", run.stdout)

    def test_2_where_the_command_line_is_wrong(self):
        for arguments in (['--sefl'], ['--self', '--plain'], ['--self', '--only', 'nothing'], ['--variant', 'x'],
                          ['--command', 'p {config} {listen} {upstream}', '--config', '/nonexistent'],
                          ['--command', "p '{listen} {upstream}"],
                          ['--proxy', 'unix:/x', '--upstream-listen', '127.0.0.1:1', '--variant', 'unix']):
            run = check(*arguments)
            self.expect(CANNOT, run)
            self.assertTrue(run.stderr.startswith('lastbyte check: '), run.stderr)
            self.assertEqual(run.stdout, '')

    def test_2_where_the_proxy_does_not_start(self):
        run = check('--command', 'sh -c "echo no such luck; exit 3" {listen} {upstream}', '--only', FAST)
        self.expect(CANNOT, run)
        self.assertIn('ended with status 3; its output: no such luck', run.stderr)
        self.expect(CANNOT, check('--command', 'no-such-program {listen} {upstream}', '--only', FAST))

    def test_2_where_nobody_listens_at_the_proxys_address(self):
        with socket.socket() as nobody:
            nobody.bind(('127.0.0.1', 0))
            address = '127.0.0.1:%d' % nobody.getsockname()[1]
            run = check('--proxy', address, '--upstream-listen', f'127.0.0.1:{free_port()}', '--only', FAST)
        self.expect(CANNOT, run)
        self.assertIn(f'--proxy {address}: Connection refused (ECONNREFUSED)', run.stderr)
        self.assertEqual(run.stdout, '')

    def test_0_for_a_known_proxy_with_its_own_configuration(self):
        if not shutil.which('haproxy'):
            self.skipTest('haproxy is not installed')
        run = check('--command', 'haproxy -f {config}', '--listen-port', str(free_port()), '--upstream-port',
                    str(free_port()), '--only', 'no-early-fin,graceful-stop', '--verbose', '--json', '-')
        self.assertNotEqual(run.returncode, CANNOT, run.stderr)
        [target] = json.loads(run.stdout)['targets']
        self.assertRegex(target['version'], r'(?i)haproxy version \d')
        self.assertEqual(target['command'], ['haproxy', '-f', '{config}'])
        self.assertIn('bind {listen}', target['configuration'])
        self.assertEqual(target['stop_signal'], 'SIGUSR1')
        for result in target['results']:
            started = result['evidence']['proxy']
            self.assertRegex(started['configuration'], r'bind 127\.0\.0\.1:\d+\n')
            self.assertNotIn('{', ' '.join(started['command']))

    def test_2_where_nothing_could_be_played(self):
        run = check('--plain', '--only', 'early-reset')
        self.expect(CANNOT, run)
        self.assertIn('has no meaning without a proxy', run.stdout)

    def test_an_asked_for_signal_outranks_that_of_a_known_proxy(self):
        if not shutil.which('haproxy'):
            self.skipTest('haproxy is not installed')
        run = check('--command', 'haproxy -db -f {config}', '--stop-signal', 'TERM', '--only', 'refused', '--json', '-')
        self.assertEqual(json.loads(run.stdout)['targets'][0]['stop_signal'], 'SIGTERM')

    def test_2_leaves_no_empty_reports(self):
        with tempfile.TemporaryDirectory(prefix='lastbyte-check-test-') as directory:
            files = [word for kind in ('json', 'junit', 'markdown', 'html')
                     for word in (f'--{kind}', os.path.join(directory, kind))]
            self.expect(CANNOT, check('--command', 'false {listen} {upstream}', '--only', FAST, *files))
            self.assertEqual(os.listdir(directory), [])

    def test_2_where_a_report_cannot_be_written(self):
        run = check('--plain', '--only', 'refused', '--json', '/nonexistent/file')
        self.expect(CANNOT, run)
        self.assertIn('write /nonexistent/file: No such file or directory (ENOENT)', run.stderr)
        self.assertEqual(run.stdout, '', 'nothing was played')

    def test_0_for_help_and_list(self):
        self.expect(PASSED, check('--help'))
        run = check('--list', '--only', 'T13')
        self.expect(PASSED, run)
        self.assertEqual(len(run.stdout.splitlines()), 2)


class Running(unittest.TestCase):
    """A proxy that the checker did not start."""

    def grade(self, fault, scenarios, *more):
        listen, upstream = free_port(), free_port()
        with subprocess.Popen([FAULTY, fault, str(listen), str(upstream)]) as proxy:
            try:
                while not listens(listen):
                    self.assertIsNone(proxy.poll())
                run = check('--proxy', f'127.0.0.1:{listen}', '--upstream-listen', f'127.0.0.1:{upstream}', '--pid',
                            str(proxy.pid), '--only', scenarios, '--json', '-', *more)
                self.assertEqual(run.returncode, PASSED, run.stdout + run.stderr)
                return {one['scenario']: one for one in json.loads(run.stdout)['targets'][0]['results']}
            finally:
                proxy.kill()

    def test_is_graded_where_it_stands_and_its_process_is_watched(self):
        results = self.grade('none', FAST + ',back-pressure-download,graceful-stop')
        stop = results['graceful-stop']
        self.assertEqual((stop['verdict'], stop['reason']), ('skip', 'needs a proxy that the checker may start and stop'))
        watched = results['back-pressure-download']['evidence']['proxy']
        self.assertGreater(watched['resident_kib_most'], 0)

    def test_may_take_its_time_to_connect(self):
        # The session that checks whether the proxy is there must not reach the first scenario's server.
        results = self.grade('slow-to-connect', 'one-byte-writes')
        self.assertEqual(results['one-byte-writes']['verdict'], 'pass')


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix='lastbyte-check-test-')
        cls.files = {form: os.path.join(cls.directory.name, form) for form in ('json', 'junit', 'markdown', 'html', 'svg')}
        cls.run_ = check('--command', faulty('fin-for-reset'), '--name', 'a <"proxy">', '--only', FAST + ',idle',
                         *(word for form, path in cls.files.items() for word in (f'--{form}', path)))

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def test_junit_is_xml_of_the_shape_that_ci_systems_read(self):
        suites = xml.parse(self.files['junit']).getroot()
        self.assertEqual(suites.tag, 'testsuites')
        [suite] = list(suites)
        self.assertEqual((suite.tag, suite.get('name')), ('testsuite', 'a <"proxy">'))
        self.assertRegex(suite.get('timestamp'), r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$')
        cases = list(suite)
        count = {kind: sum(case.find(kind) is not None for case in cases) for kind in ('failure', 'skipped', 'error')}
        self.assertEqual(suite.get('tests'), str(len(cases)))
        self.assertEqual(suite.get('failures'), str(count['failure']))
        self.assertEqual(suite.get('skipped'), str(count['skipped']))
        self.assertEqual(suite.get('errors'), str(count['error']))
        self.assertEqual((len(cases), count['failure'], count['skipped']), (4, 1, 1))
        self.assertEqual(len({(case.get('classname'), case.get('name')) for case in cases}), len(cases))
        for case in cases:
            self.assertEqual(case.tag, 'testcase')
            self.assertGreaterEqual(float(case.get('time')), 0)
            self.assertLessEqual(len(list(case)), 1)
        [failure] = suite.findall('testcase/failure')
        self.assertIn('the input ended with a FIN', failure.get('message'))
        self.assertIn('0 of 10 rounds passed', failure.text)
        [skipped] = suite.findall('testcase/skipped')
        self.assertEqual(skipped.get('message'), 'takes minutes: use --slow')

    def test_json_tells_the_same(self):
        with open(self.files['json'], encoding='utf-8') as file:
            [target] = json.load(file)['targets']
        self.assertEqual(target['target'], 'a <"proxy">')
        self.assertEqual((target['passed'], target['failed'], target['skipped']), (2, 1, 1))
        verdicts = {one['scenario']: one['verdict'] for one in target['results']}
        self.assertEqual(verdicts, {'empty-client-first': 'pass', 'refused': 'pass', 'server-reset-idle': 'fail',
                                    'idle': 'skip'})
        [broken] = [one for one in target['results'] if one['verdict'] == 'fail']
        self.assertEqual(broken['variant'], 'tcp')
        self.assertTrue(broken['plain_tcp']['held'])
        self.assertTrue(broken['evidence']['client'][0]['fin'])
        self.assertEqual(broken['evidence']['client'][0]['received'], 1)
        self.assertTrue(broken['plain_tcp']['evidence']['client'][0]['reset'])

    def test_json_tells_who_keeps_time_wait(self):
        run = check('--command', faulty('none'), '--only', 'time-wait-client-first', '--json', '-')
        [result] = json.loads(run.stdout)['targets'][0]['results']
        self.assertEqual(result['evidence']['time_wait'],
                         {'client': True, 'proxy_to_client': False, 'proxy_to_server': True, 'server': False})
        self.assertEqual(result['plain_tcp']['evidence']['time_wait'],
                         {'client': True, 'proxy_to_client': False, 'proxy_to_server': False, 'server': False})

    def test_markdown_and_html_show_the_proxy_beside_plain_tcp(self):
        for form, cells in (('markdown', '| pass | **0/10** |'), ('html', '>0/10</td></tr>'), ('svg', '>0/10<')):
            with open(self.files[form], encoding='utf-8') as file:
                page = file.read()
            self.assertIn('server-reset-idle', page)
            self.assertIn('no proxy', page)
            self.assertIn(cells, page)
            if form == 'markdown':
                self.assertIn('](svg)', page)
            if form == 'svg':
                self.assertTrue(xml.fromstring(page).tag.endswith('svg'))

    def test_the_table_ends_with_what_has_failed(self):
        self.assertRegex(self.run_.stdout, r"\nfailed:\n  server-reset-idle.*: client: 'expect reset': the input ended "
                                           r"with a FIN.*\n\Z")

    def test_the_table_and_the_status_are_as_without_files(self):
        self.assertEqual(self.run_.returncode, FAILED)
        self.assertIn('2 passed, 1 failed, 1 skipped', self.run_.stdout)

    def test_standard_output_holds_nothing_else(self):
        run = check('--plain', '--only', 'refused', '--junit', '-')
        self.assertEqual(xml.fromstring(run.stdout).tag, 'testsuites')


class Peers(unittest.TestCase):
    def test_matrix_json_and_junit_hold_every_proxy(self):
        with tempfile.TemporaryDirectory(prefix='lastbyte-check-test-') as directory:
            page = os.path.join(directory, 'page')
            run = check('--peer', 'socat', '--only', 'empty-client-first', '--html', page + '.html', '--markdown',
                        page + '.md', '--json', page + '.json')
            if 'socat is left out' in run.stderr:
                self.skipTest(run.stderr)
            # lastbyte was not graded, so none of its scenarios failed.
            self.assertEqual(run.returncode, PASSED, run.stdout + run.stderr)
            with open(page + '.json', encoding='utf-8') as file:
                self.assertEqual([one['target'] for one in json.load(file)['targets']], ['no proxy', 'socat'])
            for form in ('.html', '.md'):
                with open(page + form, encoding='utf-8') as file:
                    self.assertIn('socat version', file.read())


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
