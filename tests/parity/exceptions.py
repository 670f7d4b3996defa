"""Recorded cases that are outside the bar here: the true reason, and how far they are."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """An exception.

    Attributes:
        reason: why it is one.
        highest: the largest difference it may have, in levels of 255; None if it is refused, or
            answered where A1111 refused.
        mean: the mean difference it may have.
    """

    reason: str
    highest: float | None = None
    mean: float | None = None


EXCEPTIONS: dict[str, Known] = {
    "batch-2-dpmpp-sde-old": Known(
        "A1111 drew one Brownian path for the whole batch from its global generator: a picture "
        "that depends on its company, which is what this server promises not to make.",
        255,
        255,
    ),
    "size-not-multiple-of-8": Known(
        "A1111 cuts 70 × 67 down to 64 × 64 without a word; here it is refused, with the sizes "
        "that would do (decision 4)."
    ),
    "restore-faces": Known(
        "Without the files that restore faces it is refused here; A1111 did nothing."
    ),
    "error-resize-mode": Known("There is no resize mode 9; A1111 took it for mode 2."),
    "sampler-alias": Known("Aliases are names here; A1111's API knew display names only."),
    "tiling-hires": Known(
        "With circular padding the random weights magnify rounding: another order of the sums in "
        "attention moves the picture as far.",
        4,
        0.7,
    ),
    "batch-2-iter-2-no-grid": Known(
        "One level on 0.7 % of one picture's values: rounding of passes with eight rows.", 1, 0.02
    ),
    "error-size-small": Known(
        "One level on one of 192 values is more than the mean allows; it is rounding.", 1, 0.02
    ),
    "img2img-color-correction": Known(
        "The picture is within one level; matching its histogram magnifies that. From A1111's own "
        "picture the correction is bit for bit the same.",
        10,
        0.05,
    ),
    "inpaint-return-mask": Known(
        "The picture is within one level; dividing by the composite's alpha magnifies that.",
        4,
        0.005,
    ),
    "inpaint-soft": Known(
        "How the filter over latent distances weighs a window's cells at the border is not known; "
        "two corners differ.",
        8,
        0.4,
    ),
    "script-loopback": Known(
        "The second turn magnifies the rounding of the first: begun from A1111's first picture the "
        "mean is 0.0002.",
        2,
        0.1,
    ),
    "script-poor-mans-outpainting": Known(
        "The flat black tiles leave nothing but rounding for the autoencoder's normalisations to "
        "magnify.",
        4,
        0.3,
    ),
}
