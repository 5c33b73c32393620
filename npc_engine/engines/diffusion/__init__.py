"""DiffusionGemma: a line written all at once, out of noise, by our own denoising loop."""
