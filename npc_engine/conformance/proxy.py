"""A TCP proxy that treats a connection as bad networks do: cut, silent, byte by byte, with foreign bytes in it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any

#: Bytes taken at once.
CHUNK_BYTES = 64 << 10
#: How long an action may take to be done, seconds.
ACTION_S = 10.0


class Proxy:
    """Listens on a free loopback port and connects on to `upstream`, a port of this machine that may change. Works on a
    thread of its own; its methods return when what they do is done."""

    def __init__(self, upstream: int = 0) -> None:
        self.upstream = upstream
        self._links: set[_Link] = set()
        self._greeting: bytes | None = None
        self._drip = False
        self._open = asyncio.Event()
        self._open.set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Drop every connection at once. New ones are taken."""
        self._do(self._cut())

    def hold(self, held: bool) -> None:
        """Let nothing pass to the client, and lose nothing, until it is let go."""
        self._do(self._hold(held))

    def drip(self, slow: bool) -> None:
        """Hand the client one byte at a time."""
        self._drip = slow

    def inject(self, foreign: bytes) -> None:
        """Bytes to the client between those of the daemon, on every connection."""
        self._do(self._inject(foreign))

    def greet(self, greeting: bytes | None) -> None:
        """Answer new connections with these bytes and close them, without asking the daemon; None: ask it again."""
        self._greeting = greeting

    def close(self) -> None:
        """Drop everything and end the thread."""
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _do(self, action: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(action, self._loop).result(ACTION_S)

    async def _cut(self) -> None:
        for link in self._links:
            link.abort()

    async def _hold(self, held: bool) -> None:
        if held:
            self._open.clear()
        else:
            self._open.set()

    async def _inject(self, foreign: bytes) -> None:
        for link in self._links:
            link.client.write(foreign)

    async def _close(self) -> None:
        self._server.close()
        self._open.set()
        await self._cut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # the transports' last words

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._greeting is not None:
            writer.write(self._greeting)
            await _finish(writer)
            return
        try:
            daemon_reader, daemon = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, daemon)
        self._links.add(link)
        try:
            await asyncio.gather(self._pass_up(reader, daemon), self._pass_down(daemon_reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            link.abort()
            self._links.discard(link)

    async def _pass_up(self, reader: asyncio.StreamReader, daemon: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            daemon.write(chunk)
            await daemon.drain()
        raise ConnectionResetError

    async def _pass_down(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            await self._open.wait()
            for part in (chunk[at : at + 1] for at in range(len(chunk))) if self._drip else (chunk,):
                client.write(part)
                await client.drain()
                await asyncio.sleep(0)
        raise ConnectionResetError


class _Link:
    """Both halves of one connection."""

    def __init__(self, client: asyncio.StreamWriter, daemon: asyncio.StreamWriter) -> None:
        self.client = client
        self.daemon = daemon
        for half in (client, daemon):
            half.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def abort(self) -> None:
        self.client.transport.abort()
        self.daemon.transport.abort()


async def _finish(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        await writer.drain()
        writer.close()
        await writer.wait_closed()
