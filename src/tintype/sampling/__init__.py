"""Sigma schedules, samplers, noise sources and guidance: the mathematics, without networks."""

from tintype.sampling.noise import NoiseSource
from tintype.sampling.run import Start, altered_by, from_latent, from_noise, img2img_start
from tintype.sampling.schedules import sigmas_for

__all__ = [
    "NoiseSource",
    "Start",
    "altered_by",
    "from_latent",
    "from_noise",
    "img2img_start",
    "sigmas_for",
]
