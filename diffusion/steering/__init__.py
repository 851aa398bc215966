"""A hand on what a network makes: denoisers around a denoiser, which any sampler takes.

Each is one idea: labels (`Guided`), colours (`AllowedColours`, `FewColours`), pixels that stay
(`Kept`), two equal halves (`Mirrored`), edges that meet (`Tiled`). They change what the network
says about the clean sprite, and never the sampler's steps.
"""
