#!/usr/bin/env python3
"""Proves the floors of the house and a few rules that a compiler does not know.

usage: structure.py ROOT    prints each violation as file:line: what; exit status 1 if there is any
"""

import pathlib
import re
import sys

# Lowest first. A room may include what is on a floor below its own, and itself.
FLOORS = [
    ["base", "page"],
    ["termination", "net", "loop"],
    ["upstream", "process", "kernel"],
    ["wire"],
    ["peers", "launchers", "probe"],
    ["relay"],
    ["observe", "config"],
    ["admin"],
    ["proxy"],
    ["check", "sock", "lab", "doctor", "trace", "console"],
    ["cli"],
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

# The floors within a room that has sub-rooms, lowest first; "" is the room's own folder. A sub-room may include what is
# on a floor of its room below its own.
SUB_FLOORS = {
    "base": [[""], ["options"]],
    "net": [
        ["address"],
        ["names"],
        ["root"],
        ["namespace"],
        ["socket"],
        ["tcp", "unix", "datagram", "proxy_protocol", "diag"],
        ["transport"],
    ],
    "upstream": [["terms"], [""]],
    "probe": [["dns", "socket"], ["heartbeat"], ["checks", "tool"], [""]],
    "doctor": [["rules"], [""]],
    "kernel": [["proc", "reset"], ["bpf"], ["timewait", "watch"]],
    "relay": [["terms"], ["group"], ["context"], ["side"], ["reach"], ["stream", "datagram"], ["worker"]],
    "observe": [["record", "metrics"], ["log"]],
    "admin": [["client", "http", "terms"], ["api"], ["door"], [""]],
    "config": [["values"], ["settings"], ["read"], ["assemble", "lxd"], [""]],
    "proxy": [["process"], ["listen"], ["watch"], [""], ["demo"]],
    "wire": [["capture"], [""]],
    "lab": [["terms"], ["stage"], ["experiments"], ["closing", "resets", "ports", "resilience", "kinds"], ["report"], [""]],
    "check": [["scenarios"], ["target"], ["grade"], ["report"], [""]],
    "cli": [[""], ["commands", "running"]],
    "console": [[""], ["top"]],
    "sock": [["command"], ["operator"], ["socket"], ["talk"], [""]],
}
SUB_FLOOR_OF = {
    room: {sub: floor for floor, subs in enumerate(floors) for sub in subs} for room, floors in SUB_FLOORS.items()
}

# Units (a header with its source, or either alone) that a folder under src/ has at most: more than a glance takes in.
MAX_UNITS = 12
# A ratchet, as LONGER below.
FULLER = {}

MAX_LINES = 450
# A ratchet: files that are longer may stay as long as they are, never grow, and leave this list when they have shrunk.
LONGER = {}

INCLUDE = re.compile(r'\s*#\s*include\s*(["<])([^">]+)[">]')
USES = re.compile(r"\bUSES\s+([a-z_ \n]+)")


def may_use(room, used):
    return used == room or FLOOR_OF[used] < FLOOR_OF[room]


def may_use_within(room, sub, used):
    floors = SUB_FLOOR_OF.get(room)
    return floors is None or used == sub or (used in floors and sub in floors and floors[used] < floors[sub])


def sub_room(parts):
    """The sub-room of room/sub/file.h or room/file.h."""
    return "/".join(parts[1:-1])


def wrong_includes(room, sub, path, lines):
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, target = match.groups()
        first = target.split("/")[0]
        if quote == '"' and (first not in FLOOR_OF or "/" not in target):
            yield f'{path}:{number}: "{target}": a project header is included as "room/file.h"'
        elif first in FLOOR_OF and "/" in target and not may_use(room, first):
            yield f"{path}:{number}: {room} must not include {target}: {first} is not below it"
        elif quote == '"' and first == room and not may_use_within(room, sub, sub_room(target.split("/"))):
            yield f"{path}:{number}: {room}/{sub} must not include {target}: it is not below it"


def wrong_links(room, path, text):
    for match in USES.finditer(re.sub(r"#.*", "", text)):
        for used in match.group(1).split():
            if used in FLOOR_OF and not may_use(room, used):
                yield f"{path}:{text[: match.start()].count(chr(10)) + 1}: {room} must not use {used}: it is not below it"


def wrong_header(path, lines):
    if not lines or not lines[0].startswith("//"):
        yield f"{path}:1: a header begins with a comment that says what it is for"
    for number, line in enumerate(lines, 1):
        if re.match(r"\s*using\s+namespace\b", line):
            yield f"{path}:{number}: no `using namespace` in a header"


def wrong_length(path, lines):
    allowed = LONGER.get(str(path), MAX_LINES)
    if len(lines) > allowed:
        yield f"{path}:{len(lines)}: {len(lines)} lines; at most {allowed}: a file is one idea"
    elif str(path) in LONGER and len(lines) < allowed:
        yield f"{path}:1: has shrunk to {len(lines)} lines: lower its mark in LONGER"


def wrong_sub_rooms(root, directory):
    room = directory.name
    for folder in sorted(p for p in [directory, *directory.rglob("*")] if p.is_dir()):
        units = {file.stem for file in folder.iterdir() if file.suffix in (".h", ".cpp")}
        path = folder.relative_to(root)
        allowed = FULLER.get(str(path), MAX_UNITS)
        if len(units) > allowed:
            yield f"{path}:1: {len(units)} units; at most {allowed}: give it sub-rooms"
        elif str(path) in FULLER and len(units) < allowed:
            yield f"{path}:1: has shrunk to {len(units)} units: lower its mark in FULLER"
        sub = "/".join(folder.relative_to(directory).parts)
        if units and room in SUB_FLOORS and sub not in SUB_FLOOR_OF[room]:
            yield f"{path}:1: a sub-room without a floor: give it one in SUB_FLOORS"
        elif sub and room not in SUB_FLOORS:
            yield f"{path}:1: {room} has no floors for sub-rooms: give it some in SUB_FLOORS"


def violations(root):
    root = pathlib.Path(root)
    for directory in sorted(p for p in (root / "src").iterdir() if p.is_dir()):
        room = directory.name
        if room not in FLOOR_OF:
            yield f"src/{room}:1: a room without a floor: give it one in FLOORS"
            continue
        for file in sorted(directory.rglob("CMakeLists.txt")):
            yield from wrong_links(room, file.relative_to(root), file.read_text())
        for file in sorted([*directory.rglob("*.h"), *directory.rglob("*.cpp")]):
            path = file.relative_to(root)
            yield from wrong_includes(room, sub_room(path.parts[1:]), path, file.read_text().splitlines())
        yield from wrong_sub_rooms(root, directory)
    for top in ("src", "tests", "bench", "fuzz"):
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in (".h", ".cpp", ".py"):
                continue
            path, lines = file.relative_to(root), file.read_text().splitlines()
            yield from wrong_length(path, lines)
            if file.suffix == ".h":
                yield from wrong_header(path, lines)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = list(violations(sys.argv[1]))
    print("\n".join(found) if found else "the floors hold")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
