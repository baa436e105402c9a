"""Changes of events, sources without frames, and a receiver that fails, hangs and comes back."""

import contextlib
import http.server
import json
import threading
import time
import types

from vpn_anomaly.watching.events import Change, Event, Moment, Peak

SOON = 30.0  # seconds within which things happen, on a busy machine


def change(what, number, frame=0):
    moment = Moment(frame, frame / 25)
    peak = Peak(moment, 3.5, 0.001, None)
    return Change(what, Event("missing", number, moment, moment, moment, moment, peak, 3))


def source(name, live=False):
    """What an output asks of a video."""
    return types.SimpleNamespace(name=name, live=live)


def wait_until(true):
    end = time.monotonic() + SOON
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


class Answers:
    """A server of the web: `received` are the objects that were posted, with the status that each was given.

    `status` answers; None hangs up to `SOON`, until there is a status again.
    """

    def __init__(self):
        self.status, self.received, self.headers, self.paths = 200, [], [], []

    @property
    def arrived(self):
        """The numbers of the events that were answered 2xx."""
        return [posted["event"] for posted, status in self.received if status and 200 <= status < 300]


@contextlib.contextmanager
def web_server(wrap=lambda socket: socket):
    """Yields `Answers` and the port of the server. wrap: of its socket, for TLS."""
    answers = Answers()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            posted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answers.headers.append(self.headers)
            answers.paths.append(self.path)
            status = answers.status
            answers.received.append((posted, status))
            if status is None:
                wait_until(lambda: answers.status is not None)
                return
            self.send_response(status)
            if status in (301, 302, 307):
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass

    with Server(("127.0.0.1", 0), Handler) as running:
        running.socket = wrap(running.socket)
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield answers, running.server_address[1]
        answers.status = answers.status or 500
        running.shutdown()
        thread.join()
