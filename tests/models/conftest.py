"""Fixtures for fetching: a hub on this machine, and a pip that needs no index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from model_doubles import FakePip, LocalHub, LocalRepository


@contextmanager
def serving(state: LocalHub | LocalRepository, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.answer(self)

        def do_HEAD(self) -> None:
            state.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("HF_ENDPOINT", state.url)
        for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.delenv(variable, raising=False)
        yield
        server.shutdown()
        thread.join()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    state = LocalHub()
    with serving(state, monkeypatch):
        yield state


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalRepository]:
    """A checkpoint's repository, with a pickle in it that nobody wants."""
    state = LocalRepository(
        {"config.json": b"{}", "model.safetensors": bytes(range(256)) * 40, "old.bin": b"pickle", "onnx/x.json": b"{}"}
    )
    with serving(state, monkeypatch):
        yield state


@pytest.fixture
def pip() -> FakePip:
    return FakePip()
