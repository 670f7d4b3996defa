"""Exact mode: a picture has the same bits alone and under every schedule of strangers.

Every request is painted alone first. Then follow random schedules: other requests beside it, other
orders of arrival, other bounds on the rows of a pass, neighbours that are cancelled in the middle,
and now and then an engine that has yet to learn which sizes agree, as after a restart.
"""

import hashlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

import pytest
import torch
from tests.fakes.adapters import tiny_adapter
from tests.fakes.checkpoints import write_tiny_checkpoint
from tests.fakes.pictures import half_mask_file, striped_file
from tests.fakes.plans import record_of, small_plan
from torch import Tensor

from tintype.core.models import ModelRecord
from tintype.core.orders import Adapter
from tintype.core.requests import Init, Plan
from tintype.engine import Advanced, Budgets, Checkpoints, Engine, Finished, Passes, Residency
from tintype.networks import LoadedCheckpoint, load_checkpoint
from tintype.recipes import painted

REQUESTS, SCHEDULES, STRANGERS = 60, 200, 5
SAMPLERS = ("Euler", "Euler a", "DPM++ 2M", "Heun", "DDIM", "UniPC", "DPM++ SDE", "LMS")
WORN = ("lora", "loha", "dora")
SIZES = ((32, 32), (32, 48), (64, 64))
Hash = tuple[str, str]  # of the pixels, and of the last latent


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Generator[None]:
    """Networks this small are slower on two threads, and crawl where another process has one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> ModelRecord:
    """A tiny random checkpoint."""
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    return record_of(write_tiny_checkpoint(path))


def requests(record: ModelRecord) -> list[Plan]:
    """Sixty pictures that differ in everything that strangers' pictures differ in."""
    random = Random(11)
    loras = [tiny_adapter(record.path.parent, kind, n) for n, kind in enumerate(WORN)]
    return [_request(record, random, number, loras) for number in range(REQUESTS)]


def _request(record: ModelRecord, random: Random, number: int, loras: Sequence[Adapter]) -> Plan:
    width, height = SIZES[number % len(SIZES)]
    plan = small_plan(
        record,
        prompt=f"stranger number {number} " * random.choice((1, 1, 1, 13)),
        negative_prompt=random.choice(("", "blurry", "AND of nothing")),
        seed=1000 + number,
        steps=random.randint(2, 4),
        cfg_scale=random.choice((1.0, 4.0, 7.0, 11.5)),
        width=width,
        height=height,
        sampler=SAMPLERS[number % len(SAMPLERS)],
        clip_skip=random.choice((1, 2)),
    )
    if number % 5 == 0:
        picture = striped_file((width, height))
        mask = half_mask_file((width, height)) if number % 10 == 0 else None
        plan = replace(plan, init=Init(picture, denoising_strength=0.8, mask=mask))
    if number % 4 == 0:
        worn = random.sample(loras, random.randint(1, 2))
        plan = replace(plan, network=replace(plan.network, adapters=tuple(worn)))
    if number % 7 == 0:
        plan = replace(plan, prompt=f"{plan.prompt} AND a dog :1.2")
    return plan


@dataclass
class Machine:
    """Engines over one checkpoint in memory."""

    residency: Residency
    exact: bool

    def engine(self, max_rows: int) -> Engine:
        passes = Passes(self.residency, Budgets(max_rows), exact=self.exact)
        return Engine(passes)


def machine(*, exact: bool) -> Machine:
    def load(record: ModelRecord) -> LoadedCheckpoint:
        return load_checkpoint(record.path, None, torch.device("cpu"), torch.float32)

    return Machine(Residency(Checkpoints(load, 10**9)), exact)


def digest(tensor: Tensor) -> str:
    return hashlib.sha256(tensor.contiguous().numpy().tobytes()).hexdigest()


def run(engine: Engine, plans: Mapping[int, Plan], random: Random) -> dict[int, Hash]:
    """Paint plans that come at random moments; every sixth or so is cancelled on its way."""
    waiting, latents, hashes = list(plans), dict[int, str](), dict[int, Hash]()
    random.shuffle(waiting)
    while waiting or not engine.is_idle:
        while waiting and (engine.is_idle or random.random() < 0.6):
            number = waiting.pop()
            engine.submit(number, painted(plans[number]), rank=random.randrange(3))
        for outcome in engine.tick():
            number = outcome.task
            assert isinstance(number, int)
            if isinstance(outcome, Advanced) and isinstance(outcome.answer, Tensor):
                latents[number] = digest(outcome.answer)
            if isinstance(outcome, Finished):
                hashes[number] = digest(outcome.pictures[0]), latents[number]
        if random.random() < 0.02 and latents:
            engine.cancel(random.choice(list(latents)))
    return hashes


def differing(maker: Machine, plans: Sequence[Plan], schedules: int) -> tuple[int, int]:
    """How many pictures were painted in random schedules, and how many differ from alone."""
    wanted = {n: _undisturbed(maker, plan) for n, plan in enumerate(plans)}
    random = Random(5)
    engine, seen, other = maker.engine(16), 0, 0
    for _ in range(schedules):
        if random.random() < 0.3:
            engine = maker.engine(random.choice((2, 4, 8, 16, 32)))
        chosen = random.sample(range(len(plans)), STRANGERS)
        found = run(engine, {n: plans[n] for n in chosen}, random)
        seen += len(found)
        other += sum(found[n] != wanted[n] for n in found)
    return seen, other


def _undisturbed(maker: Machine, plan: Plan) -> Hash:
    engine = maker.engine(32)
    engine.submit(0, painted(plan))
    latent, hashes = "", ("", "")
    while not engine.is_idle:
        for outcome in engine.tick():
            if isinstance(outcome, Advanced) and isinstance(outcome.answer, Tensor):
                latent = digest(outcome.answer)
            if isinstance(outcome, Finished):
                hashes = digest(outcome.pictures[0]), latent
    return hashes


def test_no_bit_depends_on_company(record: ModelRecord) -> None:
    """In exact mode sixty requests have equal hashes alone and under two hundred schedules."""
    seen, other = differing(machine(exact=True), requests(record), SCHEDULES)
    assert seen > 0.8 * SCHEDULES * STRANGERS
    assert other == 0


def test_the_test_would_notice(record: ModelRecord) -> None:
    """Without exact mode some pictures or latents differ by a bit: hashes do tell."""
    _, other = differing(machine(exact=False), requests(record), 60)  # three in a hundred do
    assert other > 0
