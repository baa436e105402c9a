"""Made cameras: a server, in a process of its own, that sends the conveyor as Motion JPEG at the pace of a camera.

with served(64, 64, rate=25) as address:
    open_video(f"{address}/1", VideoSettings())
"""

import contextlib
import io
import multiprocessing
import socket
import threading
import time
from collections.abc import Iterator

from PIL import Image

from experiments.synthetic.conveyor_world.world import Conveyor

MINUTES = 0.2  # length of the film that is sent over and over
HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"


@contextlib.contextmanager
def served(height: int, width: int, rate: float) -> Iterator[str]:
    """Yields the address of the server; every client of it gets `rate` frames a second until it hangs up."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, height, width, rate), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(pipe, height: int, width: int, rate: float) -> None:
    conveyor = Conveyor(0, "train", minutes=MINUTES, height=height, width=width, rate=round(rate))
    parts = [_part(conveyor.frame(index)) for index in range(conveyor.frames)]
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        pipe.send(listener.getsockname()[1])
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_send, args=(client, parts, rate), daemon=True).start()


def _send(client: socket.socket, parts: list[bytes], rate: float) -> None:
    with client, contextlib.suppress(OSError):
        client.recv(65536)
        client.sendall(HEAD)
        start, number = time.monotonic(), 0
        while True:
            client.sendall(parts[number % len(parts)])
            number += 1
            time.sleep(max(0.0, start + number / rate - time.monotonic()))


def _part(frame_HxW) -> bytes:
    file = io.BytesIO()
    Image.fromarray(frame_HxW).save(file, "JPEG", quality=90)
    picture = file.getvalue()
    return b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(picture), picture)
