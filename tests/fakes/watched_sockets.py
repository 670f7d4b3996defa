"""Processes whose every look-up and connection is written down, and stopped if it leads away."""

import os
from dataclasses import dataclass
from pathlib import Path

_HOOK = """
import os, sys

PLACES = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0,
          "socket.gethostbyname": 0, "socket.gethostbyaddr": 0}
NEAR = ("127.0.0.1", "::1", "localhost", None)

def watch(event, arguments):
    if event in PLACES:
        place = arguments[PLACES[event]]
        host = place[0] if isinstance(place, tuple) else place
        with open(os.environ["WATCHED_SOCKETS"], "a") as log:
            print(event, "near" if host in NEAR else "far", host, file=log)
        if host not in NEAR:
            raise ConnectionError("stopped by the test")

with open(os.environ["WATCHED_SOCKETS"], "a") as log:
    print("process", "near", sys.argv[:3] if hasattr(sys, "argv") else "", file=log)
sys.addaudithook(watch)
"""


@dataclass(frozen=True)
class WatchedSockets:
    """An environment for such processes and their children.

    Attributes:
        environment: of the processes.
        log: what they did, a line for each thing.
    """

    environment: dict[str, str]
    log: Path

    @property
    def far(self) -> list[str]:
        """What would have left this machine."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line for line in lines if line.split()[1] == "far"]

    @property
    def processes(self) -> int:
        """How many were watched."""
        return sum(line.startswith("process") for line in self.log.read_text().splitlines())


def watched_sockets(folder: Path) -> WatchedSockets:
    """An environment in which every Python process is watched; the hook lies in the folder."""
    (folder / "sitecustomize.py").write_text(_HOOK)
    log = folder / "sockets.log"
    own = {name: value for name, value in os.environ.items() if not name.startswith("TINTYPE")}
    return WatchedSockets(
        {**own, "PYTHONPATH": str(folder), "WATCHED_SOCKETS": str(log), "OMP_NUM_THREADS": "1"}, log
    )
