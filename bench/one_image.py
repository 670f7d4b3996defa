"""One image alone: 256², 20 steps, over HTTP, on a warm server; and what of it is not networks."""

from statistics import median

from bench.cold_start import PICTURE
from bench.server import serving

NETWORKS = ("encode", "denoise", "decode")


def one_image(rounds: int) -> dict[str, object]:
    """Medians over `rounds` pictures after two to warm up."""
    totals: list[float] = []
    networks: list[float] = []
    with serving() as server:
        server.seconds_until("/readyz")
        for seed in range(rounds + 2):
            seconds, spent = server.paint(PICTURE | {"seed": seed, "prompt": f"star {seed}"})
            totals.append(seconds)
            networks.append(sum(spent[name] for name in NETWORKS))
    totals, networks = totals[2:], networks[2:]
    shares = [1 - inside / total for total, inside in zip(totals, networks, strict=True)]
    return {
        "seconds": {"total": totals, "networks": networks},
        "summary": {
            "one picture over HTTP, s": round(median(totals), 3),
            "inside networks, s": round(median(networks), 3),
            "outside networks, % (goal 5)": round(100 * median(shares), 2),
        },
    }
