"""Names of samplers and schedules."""

import pytest

from tintype.core.samplers import (
    AUTOMATIC,
    SAMPLERS,
    SCHEDULES,
    evaluations,
    find_sampler,
    find_schedule,
    resolved_schedule,
)
from tintype.errors import UnknownName


@pytest.mark.parametrize(
    ("name", "sampler", "schedule"),
    [
        ("Euler a", "Euler a", None),
        ("euler A ", "Euler a", None),
        ("k_euler_ancestral", "Euler a", None),
        ("DPM++ 2M Karras", "DPM++ 2M", "Karras"),
        ("k_dpmpp_2m_ka", "DPM++ 2M", "Karras"),
        ("k_dpmpp_2m_sde_exp", "DPM++ 2M SDE", "Exponential"),
        ("DPM++ 2M SDE Heun Exponential", "DPM++ 2M SDE Heun", "Exponential"),
        ("DPM++ 3M SDE Polyexponential", "DPM++ 3M SDE", "Polyexponential"),
        ("Euler SGMUniform", "Euler", "SGM Uniform"),
        ("Euler SGM Uniform", "Euler", "SGM Uniform"),
        ("Euler DDIM", "Euler", "DDIM"),
        ("DDIM", "DDIM", None),
        ("ddim_cfgpp", "DDIM CFG++", None),
        ("LMS Karras", "LMS", "Karras"),
        ("k_dpm_2_a_ka", "DPM2 a", "Karras"),
    ],
)
def test_find_sampler(name: str, sampler: str, schedule: str | None) -> None:
    """Names, aliases and names that carry a schedule are understood in any case."""
    found, carried = find_sampler(name)
    assert found.name == sampler
    assert (carried and carried.label) == schedule


@pytest.mark.parametrize("name", ["", "Karras", "Euler Spline", "k_euler_xyz", "no such"])
def test_unknown_sampler(name: str) -> None:
    """Other names are refused."""
    with pytest.raises(UnknownName):
        find_sampler(name)


def test_every_name_is_found() -> None:
    """No name or alias hides another."""
    for sampler in SAMPLERS:
        for name in (sampler.name, *sampler.aliases):
            assert find_sampler(name) == (sampler, None)
    for schedule in SCHEDULES:
        for name in (schedule.name, schedule.label, *schedule.aliases):
            assert find_schedule(name.upper()) is schedule


def test_automatic() -> None:
    """Automatic is the sampler's own schedule; what is asked for stays."""
    uniform = find_schedule("uniform")
    wanted = {"DPM++ 2M": "Karras", "DPM++ 3M SDE": "Exponential", "Euler": "Automatic"}
    for name, label in wanted.items():
        assert resolved_schedule(find_sampler(name)[0], AUTOMATIC).label == label
        assert resolved_schedule(find_sampler(name)[0], uniform) is uniform


def test_options_are_those_a1111_lists() -> None:
    """Every value is a string, and what is not so is left out."""
    assert find_sampler("Euler")[0].options == {}
    assert find_sampler("DPM2 a")[0].options == {
        "scheduler": "karras",
        "discard_next_to_last_sigma": "True",
        "uses_ensd": "True",
        "second_order": "True",
    }
    assert find_sampler("DPM++ 2M SDE Heun")[0].options == {
        "scheduler": "exponential",
        "brownian_noise": "True",
        "solver_type": "heun",
    }


def test_evaluations() -> None:
    """Samplers of second order count double."""
    assert evaluations(find_sampler("Heun")[0], 20) == 40
    assert evaluations(find_sampler("Euler")[0], 20) == 20
