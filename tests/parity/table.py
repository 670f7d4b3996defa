"""How far recorded cases are from A1111: `python -m tests.parity.table [--out FILE]`."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError
from tests.parity.exceptions import EXCEPTIONS
from tests.parity.replay import CASES, GENERATION, Case, Replay, bar, difference

from tintype.errors import TintypeError

OUT = Path(__file__).parents[2] / "docs" / "reference" / "parity-a1111.md"
HEAD = """# Recorded answers of A1111, and ours

Every generation request recorded from A1111 1.8.0 (CPU, float32, one thread, a tiny checkpoint with
random weights), asked again here with one thread. "Highest" and "mean" are differences of pixel
values in levels of 255; "info" names keys of the answer's `info` that differ, the ways of 1.8 and
1.10 to name a sampler apart. Cases with a note are exceptions, and the note is the reason. Written
by `make parity`; the tests in `tests/parity` hold every line.
"""


def rows(replay: Replay) -> Iterator[tuple[str, str, bool]]:
    """Name, its line of the table, and whether it is inside the bar."""
    for case in CASES:
        if case["path"] in GENERATION and "request" in case:
            found, is_inside = judged(replay, case)
            known = EXCEPTIONS.get(case["name"])
            note = "" if known is None else known.reason
            yield case["name"], f"| {case['name']} | {found} | {note} |", is_inside


def judged(replay: Replay, case: Case) -> tuple[str, bool]:
    """What came of a case, in three columns, and whether that is inside the bar."""
    wants_error = case["status"] != 200
    try:
        answer = replay.answer(case)
    except (TintypeError, ValidationError) as error:
        name = type(error).__name__
        return f"refused ({name}) | | ", wants_error
    if wants_error:
        return f"answered, A1111 {case['status']} | | ", False
    found = difference(case, answer)
    highest, mean = bar(case)
    is_inside = found.highest <= highest and found.mean <= mean and not found.info
    return f"{found.highest:.0f} | {found.mean:.4f} | {', '.join(found.info)}", is_inside


def main() -> None:
    """Replay everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    lines = list(rows(Replay()))
    inside = sum(is_inside for _, _, is_inside in lines)
    summary = f"\n**{inside} of {len(lines)} inside the bar ({inside / len(lines):.1%}).**\n"
    table = ["", "| case | highest | mean | info | note |", "|---|---|---|---|---|"]
    text = "\n".join([HEAD + summary, *table, *(line for _, line, _ in lines)]) + "\n"
    options.out.write_text(text, encoding="utf-8")
    print(summary.strip())


if __name__ == "__main__":
    main()
