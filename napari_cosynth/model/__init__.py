"""The joint diffusion model: targets, conditioning, network, pipeline, decoding."""
