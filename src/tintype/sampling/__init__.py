"""Sigma schedules, samplers, noise sources and guidance: the mathematics, without networks."""

from tintype.sampling.guidance import guided
from tintype.sampling.noise import NoiseSource
from tintype.sampling.samplers import dpmpp_2m, euler, euler_ancestral, sampler_called
from tintype.sampling.schedules import karras_sigmas, sigmas_for, uniform_sigmas

__all__ = [
    "NoiseSource",
    "dpmpp_2m",
    "euler",
    "euler_ancestral",
    "guided",
    "karras_sigmas",
    "sampler_called",
    "sigmas_for",
    "uniform_sigmas",
]
