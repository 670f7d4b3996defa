"""What passes took, kept from one process to the next."""

import json
import logging
from dataclasses import asdict
from pathlib import Path

import torch

from tintype.core.measures import Measure
from tintype.whole_files import write_whole

_log = logging.getLogger("tintype.worker")


class MeasureBook:
    """A file of measures that hold for one device, one number of threads and one torch.

    What was measured elsewhere is not believed; a file that cannot be read counts as empty.
    """

    def __init__(self, path: Path, device: torch.device) -> None:
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
        self._path = path
        self._holds_for = f"{name}, {torch.get_num_threads()} threads, torch {torch.__version__}"
        self._kept: tuple[Measure, ...] = ()

    def read(self) -> tuple[Measure, ...]:
        """What an earlier process measured."""
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
            if told["holds_for"] == self._holds_for:
                self._kept = tuple(Measure(**one) for one in told["measures"])
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("%s is not readable and begun anew: %s", self._path.name, error)
        return self._kept

    def keep(self, measures: tuple[Measure, ...]) -> None:
        """Write them down if they are new; a full disk is no reason to stop."""
        if measures == self._kept:
            return
        told = {"holds_for": self._holds_for, "measures": [asdict(one) for one in measures]}
        try:
            write_whole(self._path, json.dumps(told, indent=1).encode(), syncs=False)
            self._kept = measures
        except OSError as error:
            _log.warning("%s cannot be written: %s", self._path.name, error.strerror)
