"""The table of noise levels against A1111's."""

from math import log

import pytest

from tintype.core.noise_levels import (
    NoiseSchedule,
    altered,
    float16,
    levels_of,
    scaled_linear_levels,
)
from tintype.sampling.schedules import karras_sigmas

LEVELS = scaled_linear_levels()


def test_table_of_sd() -> None:
    """The table has the values A1111 has, to the last float32 digit."""
    assert LEVELS.sigma_min == 0.029167532920837402
    assert LEVELS.sigma_max == 14.614642143249512
    assert LEVELS.alphas_cumprod[999] == pytest.approx(0.0046600985, rel=1e-7)
    assert LEVELS.alphas_cumprod[500] == pytest.approx(0.27633268, abs=1e-8)


def test_timesteps_of_karras_levels() -> None:
    """Noise levels between those of the table have fractional timesteps."""
    wanted = [999, 916.284, 815.045, 687.153, 523.199, 327.147, 145.939, 40.857, 6.732, 0]
    sigmas = karras_sigmas(10, LEVELS.sigma_min, LEVELS.sigma_max)
    assert [LEVELS.timestep(s) for s in sigmas[:-1]] == pytest.approx(wanted, abs=2e-3)
    nearest = [999, 916, 815, 687, 523, 327, 146, 41, 7, 0]
    assert [LEVELS.nearest_timestep(s) for s in sigmas[:-1]] == nearest


def test_timestep_and_sigma_are_inverse() -> None:
    """From a timestep to its level and back."""
    for timestep in (0.0, 0.25, 17.5, 500.0, 998.75, 999.0):
        assert LEVELS.timestep(LEVELS.sigma(timestep)) == pytest.approx(timestep, abs=2e-3)


def test_beyond_the_table() -> None:
    """Levels beyond the ends have the timesteps of the ends."""
    assert (LEVELS.timestep(0.001), LEVELS.timestep(100.0)) == (0.0, 999.0)
    assert (LEVELS.nearest_timestep(0.001), LEVELS.nearest_timestep(100.0)) == (0, 999)


def test_zero_terminal_snr() -> None:
    """The last level becomes almost pure noise, and the first stays."""
    shifted = altered(LEVELS, zero_terminal_snr=True)
    assert shifted.sigmas[998:] == pytest.approx((2254.24, 4518.76), rel=1e-5)
    assert shifted.sigma_min == pytest.approx(LEVELS.sigma_min, rel=1e-4)


def test_downcast_alphas() -> None:
    """Shares and levels are float16 numbers, 2 ** -11 from the true ones at most."""
    rounded = altered(LEVELS, downcasts_alphas=True)
    assert rounded.alphas_cumprod != LEVELS.alphas_cumprod
    assert rounded.alphas_cumprod == pytest.approx(LEVELS.alphas_cumprod, rel=2**-11)
    assert all((sigma * 2**16).is_integer() for sigma in rounded.sigmas)
    assert altered(LEVELS) is LEVELS


def test_both_alterations_stay_finite() -> None:
    """In float16 alone the last level would be infinite."""
    both = altered(LEVELS, downcasts_alphas=True, zero_terminal_snr=True)
    assert both.sigma_max == pytest.approx(4518.76, rel=1e-4)


def test_table_of_a_checkpoint() -> None:
    """A checkpoint's own schedule gives its table, by default SD's."""
    assert levels_of(NoiseSchedule()) == LEVELS
    assert levels_of(NoiseSchedule(0.001, 0.02)) == scaled_linear_levels(0.001, 0.02)


def test_a_checkpoint_that_ends_in_noise() -> None:
    """Its table is the shifted one, and the option to shift it changes nothing more."""
    own = levels_of(NoiseSchedule(zero_terminal_snr=True))
    assert own == altered(LEVELS, zero_terminal_snr=True)
    assert own.ends_in_noise
    assert not LEVELS.ends_in_noise
    assert altered(own, zero_terminal_snr=True) is own


@pytest.mark.parametrize("option", [False, True])
def test_downcast_alphas_of_a_checkpoint_that_ends_in_noise(*, option: bool) -> None:
    """Shares are rounded and shifted again; the last level is as high as before, and finite."""
    own = levels_of(NoiseSchedule(zero_terminal_snr=True))
    rounded = altered(own, downcasts_alphas=True, zero_terminal_snr=option)
    assert rounded.sigma_max == own.sigma_max
    assert rounded.alphas_cumprod[500] == pytest.approx(float16(own.alphas_cumprod[500]), rel=1e-3)
    assert rounded.alphas_cumprod[500] != own.alphas_cumprod[500]


def test_continuous_levels() -> None:
    """A network that knows all levels has a thousand of them, evenly spaced in log sigma."""
    levels = levels_of(NoiseSchedule(continuous=(0.002, 80.0)))
    assert len(levels.sigmas) == 1000
    assert (levels.sigma_min, levels.sigma_max) == pytest.approx((0.002, 80.0))
    ratio = (80 / 0.002) ** (1 / 999)
    assert levels.sigmas[501] / levels.sigmas[500] == pytest.approx(ratio)
    assert levels.timestep(levels.sigmas[700]) == pytest.approx(700, abs=1e-3)
    assert altered(levels, downcasts_alphas=True, zero_terminal_snr=True) is levels


def test_a_continuous_clock_shows_the_level() -> None:
    """A quarter of its logarithm, whatever timestep is asked for."""
    levels = levels_of(NoiseSchedule(continuous=(0.002, 80.0)))
    assert levels.clock(7.5) == pytest.approx(log(7.5) / 4)
    assert levels.clock(7.5, asked=500) == levels.clock(7.5)


def test_a_clock_of_timesteps_does_as_asked() -> None:
    """It shows the level's own timestep, or the one asked for."""
    assert LEVELS.clock(2.0) == LEVELS.timestep(2.0)
    assert LEVELS.clock(2.0, asked=17) == 17
