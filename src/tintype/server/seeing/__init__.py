"""Seeing what the server does: metrics, its status, its lines in the log."""

from tintype.server.seeing.routes import watch

__all__ = ["watch"]
