"""The samplers and schedules there are, by name; what they compute is in `sampling`."""

from collections.abc import Sequence
from dataclasses import dataclass

from tintype.errors import UnknownName


@dataclass(frozen=True, slots=True)
class SamplerInfo:
    """What is said about a sampler without running it.

    Attributes:
        name: as A1111 1.10 shows it.
        aliases: other names its clients may send.
        default_schedule: label of the schedule "Automatic" stands for, or None for Uniform.
        is_ancestral: adds fresh noise at every step, so it has an `eta`.
    """

    name: str
    aliases: tuple[str, ...]
    default_schedule: str | None = None
    is_ancestral: bool = False


@dataclass(frozen=True, slots=True)
class ScheduleInfo:
    """What is said about a schedule without computing it: A1111's name and label."""

    name: str
    label: str


SAMPLERS: tuple[SamplerInfo, ...] = (
    SamplerInfo("DPM++ 2M", ("k_dpmpp_2m",), default_schedule="Karras"),
    SamplerInfo("Euler a", ("k_euler_a", "k_euler_ancestral"), is_ancestral=True),
    SamplerInfo("Euler", ("k_euler",)),
)
AUTOMATIC = ScheduleInfo("automatic", "Automatic")
SCHEDULES: tuple[ScheduleInfo, ...] = (
    AUTOMATIC,
    ScheduleInfo("uniform", "Uniform"),
    ScheduleInfo("karras", "Karras"),
)


def find_schedule(name: str) -> ScheduleInfo:
    """The schedule of that name or label, in any case. Raises `UnknownName`."""
    for schedule in SCHEDULES:
        if name.casefold() in (schedule.name, schedule.label.casefold()):
            return schedule
    raise UnknownName("schedule", name, [s.label for s in SCHEDULES])


def find_sampler(name: str) -> tuple[SamplerInfo, ScheduleInfo | None]:
    """The sampler of that name or alias, in any case, and the schedule its name may carry.

    "DPM++ 2M Karras" is the sampler "DPM++ 2M" and the schedule "Karras", as A1111 before 1.9
    named it. Raises `UnknownName`.
    """
    wanted = name.strip().casefold()
    for sampler in SAMPLERS:
        if wanted in _names_of(sampler):
            return sampler, None
    for schedule in SCHEDULES:
        suffix = f" {schedule.label.casefold()}"
        for sampler in SAMPLERS:
            if wanted.endswith(suffix) and wanted.removesuffix(suffix) in _names_of(sampler):
                return sampler, schedule
    raise UnknownName("sampler", name, [s.name for s in SAMPLERS])


def resolved_schedule(sampler: SamplerInfo, asked: ScheduleInfo) -> ScheduleInfo:
    """What "Automatic" means for this sampler: its own schedule, or Automatic where it has none."""
    if asked is not AUTOMATIC or sampler.default_schedule is None:
        return asked
    return find_schedule(sampler.default_schedule)


def _names_of(sampler: SamplerInfo) -> Sequence[str]:
    return (sampler.name.casefold(), *(alias.casefold() for alias in sampler.aliases))
