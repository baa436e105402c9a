"""Videos to test with: frames made by hand, written to disk, and servers that send them."""

import contextlib
import itertools
import pathlib
import socket
import threading
import time
from fractions import Fraction

import av
import numpy as np

from vpn_anomaly.data.video.open_video import VideoSettings, open_video


def moving_frames(count=12, height=48, width=64, channels=3, seed=0):
    """Noise that moves a pixel a frame: uint8 (T, H, W, C)."""
    shape = (height, width, channels)
    ground_HxWxC = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    return np.stack([np.roll(ground_HxWxC, shift, axis=1) for shift in range(count)])


def write_video(
    path,
    frame_TxHxWxC,
    codec="ffv1",
    pixels=None,
    rate=25,
    options=(),
    stamps=None,
    format=None,
    time_base=Fraction(1, 1000),
    encoding=(),
    change=lambda number, packet: packet,
):
    """Lossless unless codec says else. stamps: milliseconds of the frames.

    encoding: options of the codec. change: what is written of each packet; None: nothing.
    """
    grey = frame_TxHxWxC.shape[-1] == 1
    pixels = pixels or ("gray" if grey else "bgr0")
    with av.open(str(path), "w", format=format, options=dict(options)) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = frame_TxHxWxC.shape[1:3]
        stream.pix_fmt = pixels
        if stamps:
            stream.codec_context.time_base = time_base
        stream.options = dict(encoding)
        written = itertools.count()

        def write(packets):
            changed = (change(next(written), packet) for packet in packets)
            container.mux([packet for packet in changed if packet is not None])

        for number, frame_HxWxC in enumerate(frame_TxHxWxC):
            image = frame_HxWxC[..., 0] if grey else frame_HxWxC
            frame = av.VideoFrame.from_ndarray(image, format="gray" if grey else "rgb24")
            frame = frame.reformat(format=pixels)
            if stamps:
                frame.pts = round(Fraction(stamps[number], 1000) / time_base)
                frame.time_base = time_base
            write(stream.encode(frame))
        write(stream.encode(None))
    return str(path)


def write_image(path, frame_HxWxC):
    """One image in the format of its ending: lossless ones stay as they are."""
    codec = {".png": "png", ".bmp": "bmp", ".tif": "tiff", ".jpg": "mjpeg"}[path.suffix.lower()]
    grey = frame_HxWxC.shape[-1] == 1
    image = frame_HxWxC[..., 0] if grey else frame_HxWxC
    encoder = av.CodecContext.create(codec, "w")
    encoder.height, encoder.width = image.shape[:2]
    encoder.time_base = Fraction(1, 25)
    kept = {"bmp": "bgr24", "mjpeg": "yuvj420p"}.get(codec, "rgb24")
    encoder.pix_fmt = "gray" if grey and codec != "mjpeg" else kept
    frame = av.VideoFrame.from_ndarray(image, format="gray" if grey else "rgb24")
    packets = encoder.encode(frame.reformat(format=encoder.pix_fmt)) + encoder.encode(None)
    path.write_bytes(b"".join(bytes(packet) for packet in packets))


def write_folder(path, frame_TxHxWxC, name="{:03d}.png", first=0):
    path.mkdir()
    for number, frame_HxWxC in enumerate(frame_TxHxWxC, first):
        write_image(path / name.format(number), frame_HxWxC)
    return str(path)


def cut(path, part, name=None):
    """The first part of a file, as a file beside it."""
    path = pathlib.Path(path)
    content = path.read_bytes()
    target = path.with_name(name or f"cut_{path.name}")
    target.write_bytes(content[: int(len(content) * part)])
    return str(target)


def watched(source, **settings):
    """All frames of a source, and the video, closed."""
    with open_video(source, VideoSettings(**settings)) as video:
        return list(video), video


def images(source, **settings):
    """(T, H, W, C)"""
    return np.stack([frame.image for frame in watched(source, **settings)[0]])


@contextlib.contextmanager
def server(*parts, answer=b"", silent=False):
    """Yields the port of a server that sends the parts to its one client, then closes.

    answer: sent first, once the client has asked. silent: it keeps the connection instead.
    """
    done = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            client, _ = listener.accept()
            with client:
                if answer:
                    client.recv(65536)
                client.sendall(answer + b"".join(parts))
                if silent:
                    done.wait(10)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        done.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept where nobody came
        listener.close()
        thread.join(10)


@contextlib.contextmanager
def camera(folder, pictures, seconds, size=(48, 64)):
    """Yields the address of a camera that sends pictures, so many seconds apart, and hangs up.

    Picture n of m is grey of the level n · 250 / m. One client after the other gets all of them.
    """
    parts = []
    for number in range(pictures):
        level = np.full((*size, 3), number * 250 // pictures, np.uint8)
        write_image(folder / "x.jpg", level)
        picture = (folder / "x.jpg").read_bytes()
        parts.append(
            b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(picture), picture)
        )
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client, contextlib.suppress(OSError):
                    client.recv(65536)
                    client.sendall(
                        b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n"
                    )
                    for part in parts:
                        client.sendall(part)
                        time.sleep(seconds)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        listener.close()
        thread.join(10)
