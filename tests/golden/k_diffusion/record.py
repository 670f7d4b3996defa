"""Records what k-diffusion's samplers and schedules compute on a toy denoiser.

Run with a folder that holds k-diffusion and its torchsde and scipy, see README.md:

    python record.py FOLDER > results.json
"""
# pyright: basic
# What it records has no types.

import json
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import torch

SHAPE = (1, 2, 4, 4)
CHURN = {"s_churn": 5.0, "s_tmin": 0.1, "s_tmax": 8.0, "s_noise": 1.003}
WITHOUT_SOURCE = ("euler", "heun", "dpm_2", "dpmpp_2m", "lms")  # they call torch, or draw nothing


def load(folder):
    """k_diffusion.sampling without the training code its package imports."""
    sys.path.insert(0, folder)
    package, utils, solver = (
        ModuleType(name) for name in ("k_diffusion", "k_diffusion.utils", "torchdiffeq")
    )
    vars(utils)["append_dims"] = lambda x, dims: x[(...,) + (None,) * (dims - x.ndim)]
    vars(package).update(utils=utils, __path__=[str(Path(folder) / "k_diffusion")])
    vars(solver)["odeint"] = None
    sys.modules |= {module.__name__: module for module in (package, utils, solver)}
    return import_module("k_diffusion.sampling")


def denoiser(x, sigma, **_):
    """Bent a little, so that no method is exact."""
    sigma = sigma.view(-1, 1, 1, 1)
    return x * (0.49 / (0.49 + sigma**2)) + 0.1 * torch.sin(3 * x) / (1 + sigma**2)


def latent(scale):
    """What all samplers start from."""
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(1)) * scale


def draws():
    """Noise for samplers that ask for the next."""
    generator = torch.Generator().manual_seed(2)
    return lambda *_: torch.randn(SHAPE, generator=generator)


def path(sigma, sigma_next):
    """Noise for samplers that ask by levels."""
    places = torch.arange(32, dtype=torch.float64).view(SHAPE)
    return torch.cos(places * 1.7 + float(sigma) + 2 * float(sigma_next)).float() * 1.4


def case(sampler, steps, options, end):
    """One line of the results."""
    known = {"sampler": sampler, "steps": steps, "options": options}
    return known | {"latent": end.flatten().tolist()}


def along_sigmas(k, sampler, **options):
    """A sampler that is given a schedule."""
    for steps in (2, 9) if "m_sde" in sampler else (1, 2, 9):  # one is an error in those
        sigmas = k.get_sigmas_karras(steps, 0.03, 14.6)
        source = draws()
        torch.randn_like = lambda x, source=source: source()
        noise = {"noise_sampler": path if "sde" in sampler else source}
        known = options if sampler in WITHOUT_SOURCE else options | noise
        sample = getattr(k, f"sample_{sampler}")
        end = sample(denoiser, latent(float(sigmas[0])), sigmas, disable=True, **known)
        yield case(sampler, steps, options, end)


def without_sigmas(k, eta):
    """The samplers that are given two levels."""
    for n in (1, 2, 3, 4, 5, 9):
        known = {"eta": eta, "s_noise": 1.01}
        noise = {"noise_sampler": draws(), "disable": True}
        end = k.sample_dpm_fast(denoiser, latent(14.6), 0.03, 14.6, n, **known, **noise)
        yield case("dpm_fast", n, known, end)
    noise = {"noise_sampler": draws(), "disable": True}
    end = k.sample_dpm_adaptive(denoiser, latent(14.6), 0.03, 14.6, eta=eta, **noise)
    yield case("dpm_adaptive", 0, {"eta": eta}, end)


def all_samplers(k):
    """Every case, in the file's order."""
    for sampler in WITHOUT_SOURCE:
        yield from along_sigmas(k, sampler)
    for sampler in ("euler", "heun", "dpm_2"):
        yield from along_sigmas(k, sampler, **CHURN)
    for eta in (0.0, 0.5, 1.0):
        yield from along_sigmas(k, "euler_ancestral", eta=eta)
        for sampler in ("dpm_2_ancestral", "dpmpp_2s_ancestral", "dpmpp_sde", "dpmpp_3m_sde"):
            yield from along_sigmas(k, sampler, eta=eta, s_noise=1.01)
        for solver in ("midpoint", "heun"):
            options = {"eta": eta, "s_noise": 1.01, "solver_type": solver}
            yield from along_sigmas(k, "dpmpp_2m_sde", **options)
        yield from without_sigmas(k, eta)


def all_schedules(k):
    """Levels by schedule and steps."""
    for name, options in (("karras", {}), ("exponential", {}), ("polyexponential", {"rho": 1.3})):
        make = getattr(k, f"get_sigmas_{name}")
        yield name, {n: make(n, 0.03, 14.6, **options).tolist() for n in (1, 2, 3, 20)}


def main(folder):
    """Print the results, a case a line."""
    k = load(folder)
    lines = ",\n".join(json.dumps(line) for line in all_samplers(k))
    schedules = json.dumps(dict(all_schedules(k)))
    print(f'{{"schedules": {schedules},\n"samplers": [\n{lines}\n]}}')


if __name__ == "__main__":
    main(sys.argv[1])
