"""Noise that has the colours and the grain of a picture, to go on painting from its edge.

White noise has the same strength at every frequency; a photograph has much of the low ones and
little of the high. Multiplying the spectrum of noise with the strengths and phases found in a
picture gives something that looks as if it came from the same camera, and matching histograms
gives it the same colours.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Real = NDArray[np.float64]

_SEED = 0  # the same picture goes on in the same way
_TINY = 1e-12


def matched_noise(
    image: Image.Image, unknown: Image.Image, noise_q: float = 1.0, colour_variation: float = 0.05
) -> Image.Image:
    """The picture (RGB) with shaped noise where it is unknown; the rest keeps its bytes.

    Args:
        image: RGB.
        unknown: L, of the same size, white where there is nothing yet.
        noise_q: exponent of the picture's spectrum: below 1 for finer grain, above for coarser.
        colour_variation: 0 for noise whose channels go together, 1 for channels of their own.
    """
    pixels = np.asarray(image.convert("RGB"), dtype=np.float64) / 255
    is_unknown = np.asarray(unknown) > 127
    if is_unknown.all() or not is_unknown.any():
        return image.convert("RGB")
    known = ~is_unknown
    noise = _white_noise(pixels.shape, colour_variation)
    shaped = _shaped(noise, (pixels - pixels[known].mean(0)) * _window(known)[..., None], noise_q)
    for channel in range(3):
        matched = _with_values_of(shaped[..., channel][is_unknown], pixels[..., channel][known])
        pixels[..., channel][is_unknown] = matched
    return Image.fromarray(np.rint(255 * pixels).clip(0, 255).astype(np.uint8))


def _white_noise(shape: tuple[int, ...], colour_variation: float) -> Real:
    random = np.random.default_rng(_SEED)
    grey = random.standard_normal((*shape[:2], 1))
    return (1 - colour_variation) * grey + colour_variation * random.standard_normal(shape)


def _window(known: NDArray[np.bool_]) -> Real:
    """Falls to 0 at the edges of what is known, whose jumps would be taken for detail."""
    across, down = np.any(known, axis=0), np.any(known, axis=1)
    return known * np.outer(_hann(np.asarray(down)), _hann(np.asarray(across)))


def _hann(is_known: NDArray[np.bool_]) -> Real:
    curve = np.zeros(len(is_known))
    places = np.flatnonzero(is_known)
    start, length = int(places[0]), int(places[-1] - places[0]) + 1
    curve[start : start + length] = np.hanning(length + 2)[1:-1]
    return curve


def _shaped(noise: Real, source: Real, noise_q: float) -> Real:
    """The noise with the strengths (to a power) and the phases of the source's frequencies."""
    spectrum = np.fft.fft2(source, axes=(0, 1))
    strength = np.abs(spectrum)
    phase = spectrum / np.maximum(strength, _TINY)
    white = np.abs(np.fft.fft2(noise, axes=(0, 1)))
    return np.fft.ifft2(white * strength**noise_q * phase, axes=(0, 1)).real


def _with_values_of(values: Real, examples: Real) -> Real:
    """The values, replaced rank for rank by values with the distribution of the examples."""
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    shares = (ranks + 0.5) / len(values)
    return np.quantile(examples, shares)
