"""A server for recognition that gives prepared answers."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, dict[str, str], bytes]


def said(answer: object, status: int = 200, **headers: str) -> Answer:
    return status, {"Content-Type": "application/json"} | headers, json.dumps(answer).encode()


HEARD = said({"segments": [{"start": 0.5, "end": 1.5, "text": " 好 "}]})


class Scripted:
    """A server on a real socket that gives prepared answers, and keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.was_asked = threading.Event()
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, body: bytes) -> None:
                script.asked.append((self.path, dict(self.headers), body))
                script.was_asked.set()
                script.may_answer.wait()
                status, headers, content = script.answers.pop(0)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *words: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()
