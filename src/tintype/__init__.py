"""Tintype: a self-hosted Stable Diffusion server."""

__version__ = "0.1.0"

INFOTEXT_VERSION = f"v1.10.1-tintype-{__version__}"
"""What infotext says: the A1111 release whose language we speak, which its readers look for."""
