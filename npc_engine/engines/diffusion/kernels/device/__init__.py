"""The kernels in Triton, for graphics cards. Imported only where they run."""
