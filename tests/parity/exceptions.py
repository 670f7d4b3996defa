"""Recorded cases whose answers are not A1111 1.8's here, and why; each one is measured.

`tests/parity/test_recorded_a1111.py` fails for a case that is in this list and would pass.
"""

PLAIN_NAME = (
    "1.10, the reference, makes this sampler's plain name mean its own schedule; in 1.8 it meant "
    "evenly spaced timesteps. Equal with the schedule Uniform, which the suite checks."
)

EXCEPTIONS: dict[str, str] = {
    "sampler-dpm2": PLAIN_NAME,
    "sampler-dpmpp-sde": PLAIN_NAME,
    "sampler-dpmpp-2m-sde": PLAIN_NAME,
    "img2img-sampler-dpm2": PLAIN_NAME,
    "img2img-sampler-dpmpp-sde": PLAIN_NAME,
    "img2img-sampler-dpmpp-2m-sde-heun": PLAIN_NAME,
    "eta-0.5-dpm2-a": PLAIN_NAME,
    "eta-0.5-dpmpp-sde": PLAIN_NAME,
    "s-churn-dpm2": PLAIN_NAME,
    "batch-2-dpmpp-sde": PLAIN_NAME,
    "batch-2-dpmpp-sde-old": (
        "A1111 drew one Brownian path for the whole batch from the global generator: a picture "
        "that depends on its company, which is what this server promises not to make."
    ),
    "size-not-multiple-of-8": (
        "A1111 cuts 70 × 67 down to 64 × 64 without a word; here it is refused, with the sizes "
        "that would do (decision 4)."
    ),
    "restore-faces": "No face restoration is built in yet; A1111 without its model did nothing.",
    "emphasis-old": (
        "One level on 0.9 % of the values: the rounding of the old implementation is not known."
    ),
    "error-size-small": "One level on one of 192 values, which is more than the mean allows.",
    "error-resize-mode": "Resize mode 9 does not exist; A1111 took it for mode 2.",
    "sampler-alias": "Aliases are names here; A1111's API knew display names only.",
    "inpaint-empty-mask-full-res": (
        "1.8 failed with status 500; as in 1.10 an empty mask masks nothing."
    ),
}
