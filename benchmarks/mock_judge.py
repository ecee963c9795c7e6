"""An OpenAI-compatible judge that costs almost nothing: `python -m benchmarks.mock_judge PORT DELAY_MS`.

Raw asyncio on purpose: it must stay far cheaper than the servers it is measured with. It fills the JSON
schema of each request with the simplest answer that fits.
"""

import asyncio
import sys
from typing import Any

import httptools
import msgspec
import uvloop

from spanjudge.judging.models.scripted import fill


class Question(msgspec.Struct):
    """The only part of a request the answer depends on."""

    model: str = ""
    response_format: msgspec.Raw = msgspec.Raw(b"{}")


class Judge(asyncio.Protocol):
    """One connection; requests on it are answered in order."""

    decoder = msgspec.json.Decoder(Question)
    replies: dict[bytes, bytes] = {}  # noqa: RUF012 -- shared by all connections on purpose
    delay = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start parsing."""
        self.transport: Any = transport
        self.parser = httptools.HttpRequestParser(self)
        self.body = b""

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which calls back."""
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Collect."""
        self.body += body

    def on_message_complete(self) -> None:
        """Answer after the delay."""
        question = self.decoder.decode(self.body)
        self.body = b""
        key = bytes(question.response_format)
        reply = self.replies.get(key)
        if reply is None:
            reply = self.replies[key] = compose(key)
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, self.write, reply)
        else:
            self.write(reply)

    def write(self, reply: bytes) -> None:
        """Send unless the other side has gone."""
        if not self.transport.is_closing():
            self.transport.write(reply)


def compose(response_format: bytes) -> bytes:
    """The HTTP answer to every question with this answer format."""
    asked: dict[str, Any] = msgspec.json.decode(response_format)
    schema = asked.get("json_schema", {}).get("schema")
    content = fill(schema) if schema else {"score": 0.15, "reason": "Scripted answer."}
    body = msgspec.json.encode(
        {
            "id": "chatcmpl-benchmark",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-4o-mini-2024-07-18",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": msgspec.json.encode(content).decode()},
                }
            ],
            "usage": {"prompt_tokens": 400, "completion_tokens": 40, "total_tokens": 440},
        }
    )
    return (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    ) + body


async def main(port: int, delay_ms: float) -> None:
    """Serve until killed."""
    Judge.delay = delay_ms / 1000
    server = await asyncio.get_running_loop().create_server(Judge, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), float(sys.argv[2])))
