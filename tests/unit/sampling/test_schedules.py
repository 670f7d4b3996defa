"""Schedules against values computed by A1111 1.10."""

from itertools import pairwise

import pytest

from tintype.core.noise_levels import scaled_linear_levels
from tintype.core.samplers import SCHEDULES
from tintype.errors import UnknownName
from tintype.sampling import karras_sigmas, sigmas_for

TEN_STEPS = {
    "Uniform": "14.61464 7.83988 4.60917 2.91831 1.95016 1.34493 .93236 .62498 .36866 .02917 0",
    "Karras": "14.61464 9.10293 5.4784 3.16861 1.74942 .91408 .44692 .2014 .08191 .02917 0",
}


@pytest.mark.parametrize("label", TEN_STEPS)
def test_ten_steps(label: str) -> None:
    """Ten steps pass through A1111's noise levels."""
    wanted = [float(text) for text in TEN_STEPS[label].split()]
    assert sigmas_for(label, 10, scaled_linear_levels()) == pytest.approx(wanted, abs=6e-6)


@pytest.mark.parametrize("label", [schedule.label for schedule in SCHEDULES])
@pytest.mark.parametrize("steps", [1, 2, 3, 50, 150])
def test_falls_to_zero(label: str, steps: int) -> None:
    """Every schedule in the list has a level for each step, falls strictly and ends in zero."""
    sigmas = sigmas_for(label, steps, scaled_linear_levels())
    assert len(sigmas) == steps + 1
    assert sigmas[0] == pytest.approx(14.614642, abs=2e-6)
    assert all(a > b for a, b in pairwise(sigmas))
    assert sigmas[-1] == 0.0


def test_unknown_label() -> None:
    """An unknown schedule is refused with the list of those there are."""
    with pytest.raises(UnknownName, match="Karras"):
        sigmas_for("Spline", 10, scaled_linear_levels())


def test_table_of_sd() -> None:
    """The table has the values A1111 has, to the last float32 digit."""
    levels = scaled_linear_levels()
    assert levels.sigma_min == 0.029167532920837402
    assert levels.sigma_max == 14.614642143249512
    assert levels.alphas_cumprod[999] == pytest.approx(0.0046600985, rel=1e-7)
    assert levels.alphas_cumprod[500] == pytest.approx(0.27633268, abs=1e-8)


def test_timesteps_of_karras_levels() -> None:
    """Noise levels between those of the table have fractional timesteps."""
    levels = scaled_linear_levels()
    wanted = [999, 916.284, 815.045, 687.153, 523.199, 327.147, 145.939, 40.857, 6.732, 0]
    sigmas = karras_sigmas(10, levels.sigma_min, levels.sigma_max)
    assert [levels.timestep(s) for s in sigmas[:-1]] == pytest.approx(wanted, abs=2e-3)


def test_timestep_and_sigma_are_inverse() -> None:
    """From a timestep to its level and back."""
    levels = scaled_linear_levels()
    for timestep in (0.0, 0.25, 17.5, 500.0, 998.75, 999.0):
        assert levels.timestep(levels.sigma(timestep)) == pytest.approx(timestep, abs=2e-3)
