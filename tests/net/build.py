"""Store what cases give: ``python -m tests.net.build`` adds cases that are not stored and touches no other.

``--only GROUP`` confines it to groups; ``--list`` names groups and cases. A stored number is never replaced:
a number that must change is listed in changed.toml (``python -m tests.net.report --accept``).
"""

from __future__ import annotations

import argparse
import time

from tests.net.store import GROUPS, Stored, read, write


def build(names: list[str], *, again: bool = False) -> int:
    """Add the cases that are missing; returns how many were added."""
    added = 0
    for name in names:
        group, stored = GROUPS[name], {} if again else dict(read(name))
        for case in group.cases:
            if case not in stored:
                start = time.process_time()
                numbers = group.run(case)
                stored[case] = Stored(numbers, time.process_time() - start)
                added += 1
        order = [case for case in group.cases if case in stored]
        order += [case for case in stored if case not in group.cases]
        write(name, {case: stored[case] for case in order})
        print(f"{name}: {len(stored)} cases, {sum(len(s.numbers) for s in stored.values())} numbers")
    return added


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=list(GROUPS), default=list(GROUPS))
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.list:
        for name, group in GROUPS.items():
            print(name, *group.cases, sep="\n    ")
    else:
        print(f"{build(options.only)} cases were added")


if __name__ == "__main__":
    main()
