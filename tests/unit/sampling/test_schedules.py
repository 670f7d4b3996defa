"""Schedules against values computed by A1111 1.10."""

from itertools import pairwise

import pytest

from tintype.core.noise_levels import scaled_linear_levels
from tintype.core.sampler_settings import SamplerSettings
from tintype.core.samplers import SCHEDULES
from tintype.errors import UnknownName
from tintype.sampling import sigmas_for
from tintype.sampling._beta import beta_quantile, beta_share

LEVELS = scaled_linear_levels()
TEN_STEPS = {
    "Uniform": "14.61464 7.83988 4.60917 2.91831 1.95016 1.34493 .93236 .62498 .36866 .02917 0",
    "Karras": "14.61464 9.10293 5.4784 3.16861 1.74942 .91408 .44692 .2014 .08191 .02917 0",
    "Exponential": "14.61464 7.32488 3.67124 1.84003 .92223 .46222 .23167 .11611 .0582 .02917 0",
    "SGM Uniform": "14.61464 8.30717 5.09241 3.32507 2.27973 1.61558 1.16286 .83188 .57119 .3437 0",
    "KL Optimal": "14.61463 4.56504 2.63289 1.78645 1.29477 .96159 .71163 .50942 .33564 .17835"
    " .02917",
    "Align Your Steps": "14.615 6.11351 3.56511 2.39387 1.64996 1.13579 .74252 .44501 .16921 .029"
    " 0",
    "Simple": "14.61464 8.3028 5.08776 3.32108 2.27646 1.61289 1.16058 .82986 .56928 .34167 0",
    "DDIM": "8.39068 5.13443 3.34776 2.29285 1.62369 1.16822 .83565 .57405 .34619 .04131 0",
    "Beta": "14.61464 13.92779 12.49098 10.59761 8.44244 6.20137 4.0462 2.15283 .71602 .02917 0",
}
AYS_XL = "14.615 5.9634 3.33897 1.85505 1.10233 .67496 .43114 .26062 .12252 .029 0"
DISCARDED = "14.61464 9.55827 6.08216 3.75126 2.23216 1.2741 .69257 .35518 .16976 .07436 0"


def levels_of(steps: int, **settings: object) -> list[float]:
    chosen = SamplerSettings("Euler", **settings)  # pyright: ignore[reportArgumentType]
    return sigmas_for(chosen, LEVELS, steps)


def numbers(text: str) -> object:
    return pytest.approx([float(word) for word in text.split()], abs=6e-6)


@pytest.mark.parametrize("label", TEN_STEPS)
def test_ten_steps(label: str) -> None:
    """Ten steps pass through A1111's noise levels."""
    assert levels_of(10, schedule=label) == numbers(TEN_STEPS[label])


def test_align_your_steps_knows_sdxl() -> None:
    """SDXL has a table of its own, and eleven steps are the table itself."""
    assert levels_of(10, schedule="Align Your Steps", is_sdxl=True) == numbers(AYS_XL)
    assert levels_of(11, schedule="Align Your Steps")[:2] == pytest.approx([14.615, 6.475])


@pytest.mark.parametrize("label", [schedule.label for schedule in SCHEDULES])
@pytest.mark.parametrize("steps", [1, 2, 3, 50, 150])
def test_falls(label: str, steps: int) -> None:
    """Every schedule in the list falls strictly; those that should end in zero do.

    A1111's single step of Align Your Steps is its lowest level.
    """
    sigmas = levels_of(steps, schedule=label)
    assert all(a > b for a, b in pairwise(sigmas))
    assert (sigmas[-1] == 0.0) is (label != "KL Optimal")
    if label not in ("DDIM", "Turbo"):
        assert len(sigmas) == steps + 1
    if label not in ("DDIM", "Turbo") and (label, steps) != ("Align Your Steps", 1):
        assert sigmas[0] == pytest.approx(14.614642, abs=4e-4)


@pytest.mark.parametrize(("steps", "length"), [(30, 31), (7, 8), (10, 10), (20, 20)])
def test_ddim_may_be_longer(steps: int, length: int) -> None:
    """A1111's DDIM schedule has more levels where 1000 is no multiple of the steps."""
    assert len(levels_of(steps, schedule="DDIM")) == length + 1


def test_turbo_takes_the_first_of_ten() -> None:
    """Turbo's one step is that from the highest level, and there are no more than ten."""
    assert levels_of(1, schedule="Turbo") == [LEVELS.sigmas[999], 0.0]
    assert levels_of(4, schedule="Turbo")[1:4] == [LEVELS.sigmas[k] for k in (899, 799, 699)]
    assert levels_of(30, schedule="Turbo") == levels_of(10, schedule="Turbo")


def test_discards_the_level_before_the_last() -> None:
    """By the option for every sampler, and always for those that want it."""
    assert levels_of(10, schedule="Karras", discards_penultimate=True) == numbers(DISCARDED)
    assert sigmas_for(SamplerSettings("DPM2", "Karras"), LEVELS, 10) == numbers(DISCARDED)


def test_range_and_rho() -> None:
    """A range bends schedules made of one, an exponent those that have one, and no others."""
    for label in ("Karras", "Exponential", "Polyexponential", "SGM Uniform", "Normal", "Beta"):
        sigmas = levels_of(5, schedule=label, sigma_min=0.1, sigma_max=10.0)
        assert sigmas[0] == pytest.approx(10.0, rel=1e-4)
        assert sigmas[-2] >= 0.0999
    for label in ("Uniform", "Simple", "DDIM"):
        ranged = levels_of(5, schedule=label, sigma_min=0.1, sigma_max=10.0)
        assert ranged == levels_of(5, schedule=label)
    for label in ("Karras", "Polyexponential"):
        assert levels_of(5, schedule=label, rho=3.0)[2] != levels_of(5, schedule=label)[2]


def test_old_karras_range() -> None:
    """The option of that name puts schedules between 10 and 0.1."""
    sigmas = levels_of(5, schedule="Karras", old_karras_range=True)
    assert (sigmas[0], sigmas[-2]) == (pytest.approx(10.0), pytest.approx(0.1))


def test_lcm_keeps_to_its_own_levels() -> None:
    """LCM goes from the highest to the lowest of its fifty levels."""
    sigmas = sigmas_for(SamplerSettings("LCM"), LEVELS, 4)
    assert sigmas[0] == pytest.approx(14.614642)
    assert sigmas[-2] == pytest.approx(0.134450585)


def test_unknown_label() -> None:
    """An unknown schedule is refused with the list of those there are."""
    with pytest.raises(UnknownName, match="Karras"):
        levels_of(10, schedule="Spline")


@pytest.mark.parametrize("share", [1e-6, 0.01, 0.3, 0.5, 0.77, 0.999])
def test_beta_quantiles(share: float) -> None:
    """Quantiles of Beta distributions that have a closed form, and the way back for one without."""
    assert beta_quantile(share, 1, 1) == pytest.approx(share)
    assert beta_quantile(share, 3, 1) == pytest.approx(share ** (1 / 3))
    assert beta_quantile(share, 1, 0.5) == pytest.approx(1 - (1 - share) ** 2)
    assert beta_share(beta_quantile(share, 0.6, 0.6), 0.6, 0.6) == pytest.approx(share)
