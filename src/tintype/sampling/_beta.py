"""Quantiles of the Beta distribution, without a statistics library."""

from math import exp, lgamma, log

_TINY = 1e-300
_MOST_TERMS = 500
_HALVINGS = 80  # of [0, 1]: further than float64 can tell apart


def beta_quantile(share: float, alpha: float, beta: float) -> float:
    """The number below which `share` (0 … 1) of a Beta(alpha, beta) distribution lies.

    Found by halving: the distribution function rises, and its slope may be infinite at both ends.
    """
    if share <= 0 or share >= 1:
        return min(max(share, 0.0), 1.0)
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if beta_share(middle, alpha, beta) < share else (low, middle)
    return (low + high) / 2


def beta_share(x: float, alpha: float, beta: float) -> float:
    """How much of a Beta(alpha, beta) distribution lies below x: the incomplete beta function.

    The continued fraction converges fast only below the mean; above it the mirror image is asked.
    """
    if x <= 0 or x >= 1:
        return min(max(x, 0.0), 1.0)
    if x > (alpha + 1) / (alpha + beta + 2):
        return 1 - beta_share(1 - x, beta, alpha)
    log_beta = lgamma(alpha) + lgamma(beta) - lgamma(alpha + beta)
    front = exp(alpha * log(x) + beta * log(1 - x) - log_beta) / alpha
    return front / _fraction(x, alpha, beta)


def _fraction(x: float, alpha: float, beta: float) -> float:
    """The continued fraction of DLMF 8.17.22, by Lentz's method."""
    value, ahead, behind = 1.0, 1.0, 0.0
    for n in range(1, _MOST_TERMS):
        term = _coefficient(n, x, alpha, beta)
        behind = 1 / (1 + term * behind or _TINY)
        ahead = 1 + term / ahead or _TINY
        value *= ahead * behind
        if abs(ahead * behind - 1) < 1e-16:
            break
    return value


def _coefficient(n: int, x: float, alpha: float, beta: float) -> float:
    m = n // 2
    if n % 2:
        return -(alpha + m) * (alpha + beta + m) * x / ((alpha + n - 1) * (alpha + n))
    return m * (beta - m) * x / ((alpha + n - 1) * (alpha + n))
