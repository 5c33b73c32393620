"""Models on any CPU through OpenVINO: prompts are read several times faster than by llama.cpp's wheel."""
