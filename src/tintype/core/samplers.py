"""The samplers and schedules there are, by name; what they compute is in `sampling`."""

from collections.abc import Collection
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
        is_second_order: asks about twice in each step; prompt schedules count both.
        is_brownian: its noise is a Brownian path between the noise levels, not a draw a step.
        is_timestep_sampler: walks the network's own timesteps and ignores the schedule.
        uses_ensd: A1111 writes a seed delta of its noise (ENSD) into infotext.
        discards_penultimate: leaves out the level before the last of every schedule.
        accepts_churn: has `s_churn`, `s_tmin` and `s_tmax`.
        accepts_s_noise: has `s_noise`.
        solver_type: "heun" where A1111 says so of it, else None.
    """

    name: str
    aliases: tuple[str, ...]
    default_schedule: str | None = None
    is_ancestral: bool = False
    is_second_order: bool = False
    is_brownian: bool = False
    is_timestep_sampler: bool = False
    uses_ensd: bool = False
    discards_penultimate: bool = False
    accepts_churn: bool = False
    accepts_s_noise: bool = False
    solver_type: str | None = None

    @property
    def options(self) -> dict[str, str]:
        """A1111's `options` of a sampler, every value a string."""
        facts = {
            "scheduler": self.default_schedule and self.default_schedule.casefold(),
            "discard_next_to_last_sigma": self.discards_penultimate,
            "uses_ensd": self.uses_ensd,
            "second_order": self.is_second_order,
            "brownian_noise": self.is_brownian,
            "solver_type": self.solver_type,
        }
        return {name: str(value) for name, value in facts.items() if value}


@dataclass(frozen=True, slots=True)
class ScheduleInfo:
    """What is said about a schedule without computing it.

    Attributes:
        name: A1111's name of it.
        label: what A1111 shows.
        aliases: other names its clients may send.
        default_rho: the exponent it has where none is given, or None where it has none.
        reads_table: made of the network's own table, so that a range of sigmas may mean nothing.
    """

    name: str
    label: str
    aliases: tuple[str, ...] = ()
    default_rho: float | None = None
    reads_table: bool = False


SAMPLERS: tuple[SamplerInfo, ...] = (
    SamplerInfo("DPM++ 2M", ("k_dpmpp_2m",), "Karras"),
    SamplerInfo(
        "DPM++ SDE",
        ("k_dpmpp_sde",),
        "Karras",
        is_ancestral=True,
        is_second_order=True,
        is_brownian=True,
        accepts_s_noise=True,
    ),
    SamplerInfo(
        "DPM++ 2M SDE",
        ("k_dpmpp_2m_sde",),
        "Exponential",
        is_ancestral=True,
        is_brownian=True,
        accepts_s_noise=True,
    ),
    SamplerInfo(
        "DPM++ 2M SDE Heun",
        ("k_dpmpp_2m_sde_heun",),
        "Exponential",
        is_ancestral=True,
        is_brownian=True,
        accepts_s_noise=True,
        solver_type="heun",
    ),
    SamplerInfo(
        "DPM++ 2S a",
        ("k_dpmpp_2s_a",),
        "Karras",
        is_ancestral=True,
        is_second_order=True,
        uses_ensd=True,
        accepts_s_noise=True,
    ),
    SamplerInfo(
        "DPM++ 3M SDE",
        ("k_dpmpp_3m_sde",),
        "Exponential",
        is_ancestral=True,
        is_brownian=True,
        discards_penultimate=True,
        accepts_s_noise=True,
    ),
    SamplerInfo("Euler a", ("k_euler_a", "k_euler_ancestral"), is_ancestral=True, uses_ensd=True),
    SamplerInfo("Euler", ("k_euler",), accepts_churn=True, accepts_s_noise=True),
    SamplerInfo("LMS", ("k_lms",)),
    SamplerInfo(
        "Heun", ("k_heun",), is_second_order=True, accepts_churn=True, accepts_s_noise=True
    ),
    SamplerInfo(
        "DPM2",
        ("k_dpm_2",),
        "Karras",
        is_second_order=True,
        discards_penultimate=True,
        accepts_churn=True,
        accepts_s_noise=True,
    ),
    SamplerInfo(
        "DPM2 a",
        ("k_dpm_2_a",),
        "Karras",
        is_ancestral=True,
        is_second_order=True,
        uses_ensd=True,
        discards_penultimate=True,
        accepts_s_noise=True,
    ),
    SamplerInfo(
        "DPM fast", ("k_dpm_fast",), is_ancestral=True, uses_ensd=True, accepts_s_noise=True
    ),
    SamplerInfo("DPM adaptive", ("k_dpm_ad",), is_ancestral=True, uses_ensd=True),
    SamplerInfo("Restart", ("restart",), "Karras", is_second_order=True),
    SamplerInfo("DDIM", ("ddim",), is_timestep_sampler=True),
    SamplerInfo("DDIM CFG++", ("ddim_cfgpp",), is_timestep_sampler=True),
    SamplerInfo("PLMS", ("plms",), is_timestep_sampler=True),
    SamplerInfo("UniPC", ("unipc",), is_timestep_sampler=True),
    SamplerInfo("LCM", ("k_lcm",)),
)
AUTOMATIC = ScheduleInfo("automatic", "Automatic")
SCHEDULES: tuple[ScheduleInfo, ...] = (
    AUTOMATIC,
    ScheduleInfo("uniform", "Uniform", reads_table=True),
    ScheduleInfo("karras", "Karras", default_rho=7.0),
    ScheduleInfo("exponential", "Exponential"),
    ScheduleInfo("polyexponential", "Polyexponential", default_rho=1.0),
    ScheduleInfo("sgm_uniform", "SGM Uniform", ("SGMUniform",), reads_table=True),
    ScheduleInfo("kl_optimal", "KL Optimal"),
    ScheduleInfo("align_your_steps", "Align Your Steps"),
    ScheduleInfo("simple", "Simple", reads_table=True),
    ScheduleInfo("normal", "Normal", reads_table=True),
    ScheduleInfo("ddim", "DDIM", reads_table=True),
    ScheduleInfo("beta", "Beta"),
    ScheduleInfo("turbo", "Turbo", reads_table=True),
)
_ALIAS_SUFFIXES = {"_ka": "karras", "_exp": "exponential"}  # of samplers, in A1111 before 1.9


def find_schedule(name: str) -> ScheduleInfo:
    """The schedule of that name, label or alias, in any case. Raises `UnknownName`."""
    for schedule in SCHEDULES:
        if name.strip().casefold() in _names_of_schedule(schedule):
            return schedule
    raise UnknownName("schedule", name, [s.label for s in SCHEDULES])


def find_sampler(name: str) -> tuple[SamplerInfo, ScheduleInfo | None]:
    """The sampler of that name or alias, in any case, and the schedule its name may carry.

    "DPM++ 2M Karras" is the sampler "DPM++ 2M" and the schedule "Karras", as A1111 before 1.9
    named it; so is its alias "k_dpmpp_2m_ka". Raises `UnknownName`.
    """
    wanted = name.strip().casefold()
    for sampler in SAMPLERS:
        if wanted in _names_of_sampler(sampler):
            return sampler, None
    for suffix, schedule in _schedule_suffixes():
        for sampler in SAMPLERS:
            if wanted.endswith(suffix) and wanted.removesuffix(suffix) in _names_of_sampler(
                sampler
            ):
                return sampler, schedule
    raise UnknownName("sampler", name, [s.name for s in SAMPLERS])


def resolved_schedule(sampler: SamplerInfo, asked: ScheduleInfo) -> ScheduleInfo:
    """What "Automatic" means for this sampler: its own schedule, or Automatic where it has none."""
    if asked is not AUTOMATIC or sampler.default_schedule is None:
        return asked
    return find_schedule(sampler.default_schedule)


def evaluations(sampler: SamplerInfo, steps: int) -> int:
    """How many questions A1111 expects of so many steps when it counts prompt schedules.

    Twice the steps for samplers of second order; a bookkeeper's number, not what is really asked.
    """
    return 2 * steps if sampler.is_second_order else steps


def _schedule_suffixes() -> list[tuple[str, ScheduleInfo]]:
    spaced = [(f" {name}", s) for s in SCHEDULES for name in _names_of_schedule(s)]
    return spaced + [(end, find_schedule(name)) for end, name in _ALIAS_SUFFIXES.items()]


def _names_of_sampler(sampler: SamplerInfo) -> Collection[str]:
    return {name.casefold() for name in (sampler.name, *sampler.aliases)}


def _names_of_schedule(schedule: ScheduleInfo) -> Collection[str]:
    return {name.casefold() for name in (schedule.name, schedule.label, *schedule.aliases)}
