"""The committed results as one page."""

from collections.abc import Iterable
from typing import Any


def table(results: Iterable[dict[str, Any]]) -> str:
    """Markdown with a section for each scenario."""
    lines = [
        "# Results",
        "",
        "Medians; the raw numbers lie beside this page. Written by `make bench`.",
    ]
    for result in results:
        lines += [
            "",
            f"## {result['scenario']}",
            "",
            f"{result['when'][:10]}, {result['processor']}, {result['cores']} cores,"
            f" load {result['load_before']} before, Python {result['python']},"
            f" torch {result['torch']}, commit {result['commit']}",
            "",
            "| measured | value |",
            "|---|---|",
            *(f"| {name} | {value} |" for name, value in result["summary"].items()),
        ]
    return "\n".join(lines) + "\n"
