"""``python -m tests.net.report`` shows what deviates from what is stored; ``--accept`` lists it as meant.

``--all`` runs slow cases too; ``--only GROUP`` confines it. ``--accept REASON`` appends the deviations that
are not listed yet to changed.toml, under one reason (``--names PATTERN``: those that match, by default all).
"""

from __future__ import annotations

import argparse
import json
from fnmatch import fnmatchcase

from tests.net.compare import CHANGED, Deviation, Value, changes, deviations
from tests.net.store import GROUPS, quick, read


def compared(group: str, *, fast: bool | None = None) -> tuple[list[str], list[Deviation]]:
    """The places (``group/case``) that were compared and what deviates there; ``fast`` picks a half."""
    places, found = [], []
    for case, stored in read(group).items():
        if fast is None or (case in quick(group)) == fast:
            places.append(f"{group}/{case}")
            now = GROUPS[group].run(case) if case in GROUPS[group].cases else {}
            found += deviations(places[-1], stored.numbers, now)
    return places, found


def entry(names: str, reason: str, found: list[Deviation]) -> str:
    """One entry of changed.toml."""
    lines = ["", "[[changed]]", f"names = {json.dumps(names)}", f"reason = {json.dumps(reason)}"]
    lines.append("[changed.values]")
    lines += [f"{json.dumps(d.name)} = [{_toml(d.old)}, {_toml(d.new)}]" for d in found]
    return "\n".join(lines) + "\n"


def _toml(value: Value) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(float(value))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=list(GROUPS), default=list(GROUPS))
    parser.add_argument("--all", action="store_true", help="slow cases too")
    parser.add_argument("--accept", metavar="REASON", help="list what deviates in changed.toml")
    parser.add_argument("--names", default="*", help="pattern of the names that are accepted")
    options = parser.parse_args()
    total: list[Deviation] = []
    for group in options.only:
        _, found = compared(group, fast=None if options.all else True)
        new = [d for d in found if d.name not in changes()]
        print(f"{group}: {len(found)} deviations, {len(new)} of them not listed")
        print(*(f"    {d}" for d in new), sep="\n" if new else "", end="\n" if new else "")
        total += new
    if options.accept:
        meant = [d for d in total if fnmatchcase(d.name, options.names)]
        if meant:
            with CHANGED.open("a", encoding="utf-8") as file:
                file.write(entry(options.names, options.accept, meant))
        print(f"{len(meant)} deviations were added to {CHANGED.name}")


if __name__ == "__main__":
    main()
