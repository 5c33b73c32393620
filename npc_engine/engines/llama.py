"""GGUF models on CPU or GPU through llama.cpp, in this process.

Several characters speak at once in one batch, each from a cache slot of its own, so a change of speaker costs nothing.
Prompts are read in chunks whose order this engine decides (`turns`); what llama.cpp batches is what is being said.

Options (`ModelSpec.options`):

    slots            cache slots, default as many as fit `cache_mib`, from `max_parallel` to 16
    cache_mib        memory for the slots' windows, default 512; taken as it is used
    spare_cache_mib  ordinary memory for the prompts of characters that have lost their slot, default 256
"""

from __future__ import annotations

import logging
import os
import queue
from concurrent.futures import ThreadPoolExecutor
from time import monotonic_ns

from npc_engine.clock import NS_PER_MS, NS_PER_S, Clock
from npc_engine.engines.base import ModelSpec, Progress
from npc_engine.engines.gguf import GgufHead, read_head
from npc_engine.engines.llama_server import CHUNK_TOKENS, LlamaServer, ServerOptions
from npc_engine.engines.llama_task import LlamaTask
from npc_engine.engines.slots import CacheSlots
from npc_engine.engines.turns import Turns
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import EngineCaps, EngineTask, Finished, FinishReason, JobId, Plan, Sampling, Update, Usage
