"""A recognition server that answers a number of requests and is killed during the next."""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Long enough for a whole motto, so that no part of it is recognised again.
TEXT = "我家的家训是孝敬父母和睦邻里勤俭持家诚实做人"
ANSWER = {
    "text": TEXT,
    "segments": [{"start": 0.0, "end": 60.0, "text": TEXT, "avg_logprob": -0.25}],
}


class Handler(BaseHTTPRequestHandler):
    left = int(sys.argv[1])

    def do_GET(self) -> None:
        self._say({"data": []})

    def do_POST(self) -> None:
        if Handler.left == 0:
            self.rfile.read(1000)
            os.kill(os.getpid(), signal.SIGKILL)
        Handler.left -= 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self._say(ANSWER)

    def _say(self, said: object) -> None:
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Suppress the log."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler)
    print("ready", flush=True)
    server.serve_forever()
