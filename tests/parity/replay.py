"""Requests that A1111 1.8.0 was asked, asked again here, and how far both answers are apart."""

import base64
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image

from tintype.core.jobs import Event, ImageDone, Job, JobFailed, Painted
from tintype.core.requests import Plan
from tintype.core.samplers import find_sampler
from tintype.core.settings import EngineConfig, Limits
from tintype.errors import EngineError, ModelError, RequestError, TintypeError
from tintype.modelstore import ModelStore
from tintype.planning import Library, plan
from tintype.prompt.infotext import read_infotext
from tintype.server.sdapi.answering.answers import render
from tintype.server.sdapi.answering.finished import Finished
from tintype.server.sdapi.asking.asked import Asked, asked
from tintype.server.sdapi.asking.fields import Img2ImgBody, Txt2ImgBody
from tintype.server.sdapi.asking.work import settled
from tintype.server.sdapi.options import Options
from tintype.worker.runner import JobRunner
from tintype.worker.start import Workshop

GOLDEN = Path(__file__).parents[1] / "golden" / "a1111"
GENERATION = ("/sdapi/v1/txt2img", "/sdapi/v1/img2img")
VERSION = "v1.10.1"

Case = dict[str, Any]
CASES: list[Case] = json.loads((GOLDEN / "cases.json").read_text(encoding="utf-8"))["cases"]


@dataclass(frozen=True)
class Difference:
    """How far our answer is from the recorded one; levels of 255."""

    highest: float
    mean: float
    info: tuple[str, ...] = ()


class Replay:
    """The recorded models folder, on one thread, as the answers were recorded."""

    def __init__(self) -> None:
        self.workshop = Workshop(EngineConfig("cpu", threads=1))
        self.store = ModelStore([GOLDEN / "tree"])

    def answer(self, case: Case) -> dict[str, Any]:
        """Our answer to a case. Raises what the server would turn into a 4xx."""
        return self.answers([case])[0]

    def answers(self, cases: Sequence[Case]) -> list[dict[str, Any]]:
        """Our answers to several cases that share their passes."""
        jobs = [self._asked(case["path"], with_pictures(case["request"])) for case in cases]
        pictures = self._painted([Job(str(k), one.plans) for k, one in enumerate(jobs)])
        return [
            cast("dict[str, Any]", json.loads(render(one.finished(pictures[k]))))
            for k, one in enumerate(jobs)
        ]

    def _asked(self, path: str, request: dict[str, Any]) -> "_Asked":
        kind = Txt2ImgBody if path.endswith("txt2img") else Img2ImgBody
        body = kind.model_validate(request)
        understood = asked(
            body, Options(self.store.find, self.store.find_vae), self.store, lambda: 12345
        )
        library = Library(self.store)
        plans = settled(
            understood.work,
            lambda one: plan(one, library=library, draw_seed=lambda: 12345, limits=Limits()),
        )
        return _Asked(understood, plans)

    def _painted(self, jobs: Sequence[Job]) -> list[dict[int, Painted]]:
        pictures: list[dict[int, Painted]] = [{} for _ in jobs]

        def note(event: Event) -> None:
            if isinstance(event, JobFailed):
                kinds: dict[str, type[TintypeError]] = {
                    "model": ModelError,
                    "request": RequestError,
                }
                raise kinds.get(event.kind, EngineError)(event.message)
            if isinstance(event, ImageDone):
                pictures[int(event.job_id)][event.image] = Painted(event.pixels, event.beside)

        runner = JobRunner(self.workshop.engine, note)
        for job in jobs:
            runner.submit(job)
        try:
            while not runner.is_idle:
                runner.tick()
        finally:
            for job in jobs:
                runner.cancel(job.id)
        return pictures


@dataclass(frozen=True)
class _Asked:
    """A body, and what was settled from it."""

    asked: Asked
    plans: tuple[Plan, ...]

    def finished(self, pictures: dict[int, Painted]) -> Finished:
        began = datetime(2026, 1, 1)
        return Finished(self.asked, self.plans, pictures, began, VERSION)


def bar(case: Case) -> tuple[float, float]:
    """The largest and the mean difference allowed, in levels; DPM adaptive branches."""
    return (8.0, 1.0) if "adaptive" in json.dumps(case["request"]) else (1.0, 0.005)


def with_pictures(value: Any) -> Any:
    """A request with the files its "@…" texts name in base64."""
    if isinstance(value, str) and "@" in value and value.endswith((".png", ".jpg")):
        prefix, _, name = value.partition("@")
        data = (GOLDEN / name).read_bytes()
        return prefix + base64.b64encode(data).decode("ascii")
    if isinstance(value, list):
        return [with_pictures(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {key: with_pictures(item) for key, item in items}
    return value


def difference(case: Case, answer: dict[str, Any]) -> Difference:
    """The largest and the mean difference over all pictures, and the keys of `info` that differ."""
    highest, means = 0.0, [0.0]
    if len(case["images"]) != len(answer["images"]):
        highest = 255.0
    for name, text in zip(case["images"], answer["images"], strict=False):
        theirs = Image.open(GOLDEN / name)
        ours = Image.open(io.BytesIO(base64.b64decode(text)))
        if (theirs.size, theirs.mode) != (ours.size, ours.mode):
            return Difference(255.0, 255.0, ("size",))
        gap = np.abs(np.asarray(theirs).astype(int) - np.asarray(ours).astype(int))
        highest, means = max(highest, float(gap.max())), [*means, float(gap.mean())]
    response = cast("dict[str, Any]", case.get("response") or {})
    recorded: dict[str, Any] | None = response.get("info")
    differing = _differing(recorded, json.loads(answer["info"])) if recorded else ()
    return Difference(highest, max(means), tuple(differing))


def _differing(theirs: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    """Keys whose values differ, but for the ways of 1.8 and 1.10 to name a sampler."""
    theirs, ours = dict(theirs), dict(ours)
    for side in (theirs, ours):
        for key in ("version", "job_timestamp", "sampler_name"):
            side.pop(key, None)
        extra = side["extra_generation_params"] = dict(side["extra_generation_params"])
        for key in ("Schedule type", "Denoising strength", "NGMS"):  # 1.8 has them elsewhere
            extra.pop(key, None)
        side["infotexts"] = [_comparable(text) for text in side["infotexts"]]
    return [key for key in theirs | ours if theirs.get(key) != ours.get(key)]


def _comparable(text: str) -> tuple[str, str, list[tuple[str, Any]]]:
    read = read_infotext(text)
    dropped = ("Version", "Schedule type", "NGMS")
    fields = {key: value for key, value in read.fields.items() if key not in dropped}
    fields["Sampler"] = find_sampler(str(fields["Sampler"]))[0].name
    return read.prompt, read.negative_prompt, list(fields.items())
