"""llama.cpp's server inside this process, through `xllamacpp`: opened closed to others, asked by token ids.

Generation goes through a function call; only tokenising needs the server's HTTP listener. That listens on loopback at a
port of the system's choice, refuses every request without a secret that never leaves this process, and allows no web
page (CORS) to read it.
"""

from __future__ import annotations

import http.client
import json
import secrets
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlparse

import msgspec
import xllamacpp

from npc_engine.errors import ErrorCode, NpcError

#: What the server says while it works on a completion; llama.cpp's JSON. The callback ends it by returning True.
Event: TypeAlias = dict[str, Any]
OnEvent: TypeAlias = Callable[[Event], bool]

#: Tokens read per step. Whoever is already speaking stands still for one step, so it is small; measured with the 0.5B
#: model on two cores, a newcomer of 590 tokens freezes others for 0.4, 0.5, 1.0, 3.5 s at 32, 64, 128, 512 and has its
#: first word after 4.9, 4.4, 3.8, 4.2 s.
CHUNK_TOKENS = 64
#: Texts whose tokens are remembered: a persona and its journal come again with every line.
TOKENISED_TEXTS = 4_096
HTTP_TIMEOUT_S = 10.0


class ServerOptions(msgspec.Struct, frozen=True):
    """How to run the model. `context_tokens` is the window of each of `slots`; `spare_cache_mib` is ordinary memory for
    prompts that have lost their slot. `adapter` was found to fit."""

    path: Path
    slots: int
    context_tokens: int
    threads: int
    gpu_layers: int
    spare_cache_mib: int
    adapter: Path | None = None


class LlamaServer:
    """An open model. Raises `NpcError` ENGINE_FAILED if it cannot be opened."""

    def __init__(self, options: ServerOptions) -> None:
        self._secret = secrets.token_urlsafe(32)
        try:
            self._server: Any = xllamacpp.Server(self._parameters(options))
        except RuntimeError as error:
            message = f"llama.cpp cannot open {options.path}: {error} Delete it and run `npc-engine models pull`."
            raise NpcError(ErrorCode.ENGINE_FAILED, message) from error
        address = urlparse(self._server.listening_address)
        self._http = http.client.HTTPConnection(address.hostname or "", address.port, timeout=HTTP_TIMEOUT_S)
        self._http_lock = threading.Lock()
        self.tokenise = lru_cache(maxsize=TOKENISED_TEXTS)(self._tokenise)

    def complete(self, request: dict[str, Any], on_event: OnEvent) -> None:
        """Run one completion and return when it is over. `on_event` is called in between, on the same thread; several
        threads may do so at once."""
        self._server.handle_completions(request, on_event)

    def close(self) -> None:
        """Free the model. No call may be running."""
        self._http.close()
        self._server = None

    def _parameters(self, options: ServerOptions) -> Any:
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(options.path)
        if options.adapter is not None:
            parameters.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(options.adapter), 1.0)]
        parameters.n_parallel = options.slots
        parameters.n_ctx = options.slots * options.context_tokens
        parameters.n_batch = parameters.n_ubatch = CHUNK_TOKENS
        parameters.cpuparams.n_threads = options.threads
        parameters.cpuparams_batch.n_threads = options.threads
        parameters.n_gpu_layers = options.gpu_layers
        parameters.fit_params = False  # the slots and window asked for, or an error
        parameters.swa_full = True  # else a sliding window forgets the prompt that the next line begins with
        parameters.cache_ram_mib = options.spare_cache_mib
        parameters.cache_idle_slots = False  # copies every idle slot at every request, though it keeps its place
        parameters.api_keys = [self._secret]
        parameters.cors_origins = ""
        parameters.cors_credentials = False
        parameters.ui = False
        parameters.endpoint_slots = False
        parameters.verbosity = 0
        return parameters

    def _tokenise(self, text: str, special: bool) -> Sequence[int]:
        """Token ids of `text`; control tokens are recognised only if `special`. Raises `NpcError` ENGINE_FAILED."""
        body = json.dumps({"content": text, "parse_special": special, "add_special": False})
        headers = {"Authorization": f"Bearer {self._secret}", "Content-Type": "application/json"}
        with self._http_lock:
            try:
                answer = self._post("/tokenize", body, headers)
            except (http.client.HTTPException, ConnectionError):  # the server closes a connection that was idle for 5 s
                self._http.close()
                answer = self._post("/tokenize", body, headers)
        return tuple(answer["tokens"])

    def _post(self, path: str, body: str, headers: dict[str, str]) -> Any:
        self._http.request("POST", path, body, headers)
        response = self._http.getresponse()
        data = response.read()
        if response.status != http.client.OK:
            raise NpcError(ErrorCode.ENGINE_FAILED, f"{path} answered {response.status}")
        return json.loads(data)
