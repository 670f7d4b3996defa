"""The real worker, which dies by SIGKILL where a file tells it to.

`python tests/fakes/mortal_worker.py --fate FILE <arguments of tintype.worker>`. The file holds the
name of an order and a number: with the so-manieth of its kind from then on the process is gone, in
the middle of the pass, and the file too.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tintype.core.orders import Answer, Order
from tintype.engine import Passes


def tell_fate(file: Path, order: str, number: int) -> None:
    """Have the worker die with its so-manieth order of a kind ("Encode", "Denoise", "Decode")."""
    new = file.with_suffix(".new")
    new.write_text(f"{order} {number}")
    new.rename(file)


def make_mortal(file: Path) -> None:
    """From now on a pass may be this process's last."""
    run = Passes.run

    def watched(self: Passes, orders: Sequence[Order]) -> list[Answer]:
        if file.exists():
            order, number = file.read_text().split()
            left = int(number) - (type(orders[0]).__name__ == order)
            if left == 0:
                file.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            tell_fate(file, order, left)
        return run(self, orders)

    Passes.run = watched


if __name__ == "__main__":
    from tintype.worker.__main__ import main

    flag = sys.argv.index("--fate")
    make_mortal(Path(sys.argv[flag + 1]))
    del sys.argv[flag : flag + 2]
    sys.exit(main())
