"""Parts of `diffusion_gpu.py`: the diffusion engine on a graphics card."""
