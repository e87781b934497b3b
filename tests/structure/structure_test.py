#!/usr/bin/env python3
"""The structure check is itself checked: each planted violation must be found, and a good house must pass."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import structure  # noqa: E402

HEADER = "// relay: sessions in motion.\n#pragma once\n"


class StructureTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.plant("src/relay/worker/worker.h", HEADER + '#include "relay/stream/session.h"\n#include "termination/a.h"\n')
        self.plant("src/relay/CMakeLists.txt", "lastbyte_room(relay SOURCES a.cpp USES termination net loop)\n")

    def plant(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def expect(self, *fragments):
        found = list(structure.violations(self.root))
        self.assertEqual(len(found), len(fragments), found)
        for violation, fragment in zip(found, fragments):
            self.assertIn(fragment, violation)

    def test_a_good_house_passes(self):
        self.expect()

    def test_an_include_from_above_is_found(self):
        self.plant("src/termination/bad.cpp", '#include <array>\n#include "relay/worker/worker.h"\n')
        self.expect("src/termination/bad.cpp:2: termination must not include relay/worker/worker.h")

    def test_an_include_from_the_same_floor_is_found(self):
        self.plant("src/net/address/bad.cpp", "#  include <loop/loop.h>\n")
        self.expect("src/net/address/bad.cpp:1: net must not include loop/loop.h")

    def test_an_include_around_the_floors_is_found(self):
        self.plant("src/base/bad.cpp", '#include "../relay/worker.h"\n#include "worker.h"\n')
        self.expect('"../relay/worker.h"', '"worker.h"')

    def test_an_include_from_a_sub_room_above_is_found(self):
        self.plant("src/relay/terms/bad.h", "// bad\n#include \"relay/worker/worker.h\"\n")
        self.expect("src/relay/terms/bad.h:2: relay/terms must not include relay/worker/worker.h")

    def test_an_include_from_a_sub_room_on_the_same_floor_is_found(self):
        self.plant("src/relay/stream/bad.cpp", '#include "relay/datagram/table.h"\n#include "relay/terms/record.h"\n')
        self.expect("src/relay/stream/bad.cpp:1: relay/stream must not include relay/datagram/table.h")

    def test_a_sub_room_without_a_floor_is_found(self):
        self.plant("src/relay/attic/a.cpp", "")
        self.plant("src/termination/attic/a.cpp", "")
        self.expect("src/relay/attic:1: a sub-room without a floor", "src/termination/attic:1: termination has no floors")

    def test_a_folder_that_is_too_full_is_found(self):
        for number in range(structure.MAX_UNITS + 1):
            self.plant(f"src/relay/stream/part{number}.cpp", "")
            self.plant(f"src/relay/stream/part{number}.h", HEADER)
        self.expect(f"src/relay/stream:1: {structure.MAX_UNITS + 1} units")

    def test_a_library_from_above_is_found(self):
        self.plant("src/net/CMakeLists.txt", "# USES relay\nlastbyte_room(net\n  SOURCES a.cpp\n  USES base relay)\n")
        self.expect("net must not use relay")

    def test_a_room_without_a_floor_is_found(self):
        self.plant("src/attic/a.cpp", "")
        self.expect("src/attic:1: a room without a floor")

    def test_a_header_without_a_first_comment_is_found(self):
        self.plant("src/net/tcp/bare.h", "#pragma once\n")
        self.expect("src/net/tcp/bare.h:1: a header begins with a comment")

    def test_using_namespace_in_a_header_is_found(self):
        self.plant("tests/net/help.h", "// help\n#pragma once\nusing namespace std;\n")
        self.plant("tests/net/fine.cpp", "using namespace lastbyte;\n")
        self.expect("tests/net/help.h:3: no `using namespace`")

    def test_a_file_that_is_too_long_is_found(self):
        self.plant("src/net/tcp/long.cpp", "\n" * (structure.MAX_LINES + 1))
        self.plant("src/net/tcp/fits.cpp", "\n" * structure.MAX_LINES)
        self.expect("src/net/tcp/long.cpp:451: 451 lines")

    def test_the_ratchet_only_turns_one_way(self):
        structure.LONGER["src/net/tcp/old.cpp"] = 500
        self.addCleanup(structure.LONGER.pop, "src/net/tcp/old.cpp")
        self.plant("src/net/tcp/old.cpp", "\n" * 500)
        self.expect()
        self.plant("src/net/tcp/old.cpp", "\n" * 501)
        self.expect("at most 500")
        self.plant("src/net/tcp/old.cpp", "\n" * 480)
        self.expect("has shrunk to 480")


if __name__ == "__main__":
    unittest.main()
