"""The table of noise levels against A1111's."""

import pytest

from tintype.core.noise_levels import altered, scaled_linear_levels
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
