"""Run scenarios and commit what they say: `python -m bench [cold-start] [one-image] [--rounds 5]`.

Writes `bench/results/<scenario>.json` and the table `bench/results/README.md`.
"""

import argparse
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench.adapters import adapters
from bench.cold_start import cold_start
from bench.index import index
from bench.loading import loading
from bench.machine import machine
from bench.memory import memory
from bench.one_image import one_image
from bench.overhead import overhead
from bench.sampling import sampling
from bench.table import table
from bench.throughput import exactness, throughput
from bench.traffic import traffic

RESULTS = Path(__file__).parent / "results"
SCENARIOS: dict[str, Callable[[int], dict[str, object]]] = {
    "cold-start": cold_start,
    "one-image": one_image,
    "overhead": overhead,
    "sampling": sampling,
    "loading": loading,
    "memory": memory,
    "throughput": throughput,
    "exactness": exactness,
    "traffic": traffic,
    "adapters": adapters,
    "index": index,
}


def main() -> None:
    """Read the command line, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=[], metavar="scenario")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for name in options.scenarios or SCENARIOS:
        facts: dict[str, object] = {
            "scenario": name,
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": f"python -m bench {name} --rounds {options.rounds}",
            **machine(),
            **SCENARIOS[name](options.rounds),
        }
        (RESULTS / f"{name}.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    text = table(json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json")))
    (RESULTS / "README.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
