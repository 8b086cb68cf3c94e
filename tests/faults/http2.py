"""`EchoServer` over HTTP/2."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, StreamReset
from h2.exceptions import ProtocolError

from .echo import EchoServer, answer


class Http2Server(EchoServer):
    """Answers as `EchoServer` does, any number of requests at once on each connection.

    Args:
        delay: As of `EchoServer`.
        tls: The server's end of TLS.
        fail: Given the path and the number of the request, returns `reset` to end its stream, `goaway` to end its
            connection, or an empty string to answer.
    """

    def __init__(
        self,
        delay: Callable[[str], float] = lambda path: 0.0,
        *,
        tls: ssl.SSLContext,
        fail: Callable[[str, int], str] = lambda path, number: "",
    ) -> None:
        tls.set_alpn_protocols(["h2"])
        super().__init__(delay, tls)
        self._fail = fail
        self.versions: set[str] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.versions.add(str(writer.get_extra_info("ssl_object").selected_alpn_protocol()))
        streams: dict[int, asyncio.Task[None]] = {}
        connection = H2Connection(H2Configuration(client_side=False))
        connection.initiate_connection()

        async def respond(stream: int, path: str) -> None:
            delay = self._delay(path)
            await asyncio.sleep(delay)
            connection.send_headers(stream, [(":status", "200"), ("content-type", "application/json")])
            writer.write(connection.data_to_send())
            await asyncio.sleep(delay / 2)
            await send(stream, answer(path))

        async def send(stream: int, body: bytes) -> None:
            while len(body) > (room := connection.local_flow_control_window(stream)):
                size = min(room, connection.max_outbound_frame_size)
                connection.send_data(stream, body[:size])
                body = body[size:]
                writer.write(connection.data_to_send())
                await asyncio.sleep(0.001)
            connection.send_data(stream, body, end_stream=True)
            writer.write(connection.data_to_send())

        def take(event: Event) -> None:
            if isinstance(event, StreamReset) and (task := streams.pop(event.stream_id, None)) is not None:
                task.cancel()
            if isinstance(event, DataReceived):
                connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if not isinstance(event, RequestReceived):
                return
            path = dict(event.headers)[b":path"].decode()
            self.requests.append(path)
            failure = self._fail(path, len(self.requests))
            if failure == "reset":
                connection.reset_stream(event.stream_id, ErrorCodes.INTERNAL_ERROR)
            elif failure == "goaway":
                connection.close_connection(ErrorCodes.NO_ERROR, last_stream_id=max(event.stream_id - 2, 0))
            else:
                streams[event.stream_id] = asyncio.create_task(respond(event.stream_id, path))

        try:
            with contextlib.suppress(ProtocolError):
                writer.write(connection.data_to_send())
                while data := await reader.read(65536):
                    for event in connection.receive_data(data):
                        take(event)
                    writer.write(connection.data_to_send())
                    await writer.drain()
        finally:
            for task in streams.values():
                task.cancel()
            await asyncio.gather(*streams.values(), return_exceptions=True)
