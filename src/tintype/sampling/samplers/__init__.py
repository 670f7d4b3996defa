"""Samplers as generators: each yields a question, is sent the denoised answer, returns a latent.

Latents are (C, h, w). `sigmas` falls and mostly ends in 0. Noise levels are plain numbers, so no
`if` waits for a device.
"""
