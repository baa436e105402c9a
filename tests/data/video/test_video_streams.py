"""Network streams over loopback: real servers, silent ones, broken ones."""

import functools
import http.server
import socket
import threading
import time

import numpy as np
import pytest

from tests.data.video_files import moving_frames, server, watched, write_image, write_video
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.errors import UserError

COLOUR = moving_frames(50)
ANSWER = b"HTTP/1.0 200 OK\r\nContent-Type: "


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    """An MPEG-TS of 50 frames: its path, its bytes and its frames."""
    path = write_video(tmp_path_factory.mktemp("stream") / "x.ts", COLOUR, "libx264", "yuv420p")
    with open(path, "rb") as file:
        return path, file.read(), [frame.image for frame in watched(path)[0]]


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def file_server(tmp_path):
    handler = functools.partial(QuietHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def test_a_file_over_http_is_as_on_disk(tmp_path, file_server):
    path = write_video(tmp_path / "x y.mp4", COLOUR, "libx264", "yuv420p", options={"movflags": "faststart"})
    expected, _ = watched(path, height=20, rate=10)
    given, video = watched(f"{file_server}/x%20y.mp4", height=20, rate=10)
    assert (video.live, video.expected_frames, video.problem) == (False, 50, None)
    assert [frame[:2] for frame in given] == [frame[:2] for frame in expected]
    np.testing.assert_array_equal([frame.image for frame in given], [frame.image for frame in expected])


def test_an_address_without_a_file(file_server):
    with pytest.raises(UserError, match="no.mp4: cannot be opened .*404.*; check the address"):
        open_video(f"{file_server}/no.mp4", VideoSettings())


def test_a_live_stream_goes_by_the_clock_until_it_ends(stream):
    _, content, expected = stream
    with server(content) as port:
        given, video = watched(f"tcp://127.0.0.1:{port}", timeout=5)
    assert video.live and video.expected_frames is None
    assert video.problem == "the stream ended at frame 50"
    np.testing.assert_array_equal([frame.image for frame in given], expected)
    times = np.array([frame.time for frame in given])
    assert times[0] == 0 and (np.diff(times) > 0).all()


def test_pictures_over_http_have_the_times_of_their_coming(tmp_path):
    """Motion JPEG as cameras send it: FFmpeg itself would say 25 a second."""
    write_image(tmp_path / "x.jpg", COLOUR[0])
    picture = (tmp_path / "x.jpg").read_bytes()
    part = b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture)
    answer = ANSWER + b"multipart/x-mixed-replace; boundary=b\r\n\r\n"
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        client, _ = listener.accept()
        with client:
            client.recv(65536)
            client.sendall(answer)
            for _ in range(8):
                client.sendall(part + picture + b"\r\n")
                time.sleep(0.1)

    thread = threading.Thread(target=serve)
    thread.start()
    given, video = watched(f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout=5, channels=3)
    thread.join()
    listener.close()
    assert video.live and video.rate is None and len(given) == 8
    expected, _ = watched(str(tmp_path / "x.jpg"), channels=3)
    np.testing.assert_array_equal(given[-1].image, expected[0].image)
    # The first ones are read while the stream is opened; the last come when they are sent.
    assert given[-1].time - given[-3].time > 0.12  # at 25 a second it would be 0.08


@pytest.mark.parametrize("scheme", ["tcp", "http"])
def test_a_stream_that_falls_silent_is_left(tmp_path, stream, scheme):
    """All that came is decoded, as from a file cut there."""
    _, content, _ = stream
    (tmp_path / "half.ts").write_bytes(content[: len(content) // 2])
    expected, _ = watched(str(tmp_path / "half.ts"))
    answer = ANSWER + b"video/mp2t\r\n\r\n" if scheme == "http" else b""
    start = time.monotonic()
    with server(content[: len(content) // 2], answer=answer, silent=True) as port:
        given, video = watched(f"{scheme}://127.0.0.1:{port}/x.ts", timeout=0.5)
        assert time.monotonic() - start < 3
    assert 10 < len(given) < 40
    np.testing.assert_array_equal([frame.image for frame in given], [frame.image for frame in expected])
    assert video.problem.startswith(f"broke at frame {len(given)}: no answer in 0.5 s")


@pytest.mark.parametrize("scheme", ["http", "https", "rtsp", "tcp"])
def test_a_stream_that_never_answers_is_left_after_the_timeout(scheme):
    start = time.monotonic()
    with server(silent=True) as port:
        with pytest.raises(UserError, match=r"no answer in 0\.3 s; check that") as caught:
            open_video(f"{scheme}://me:secret@127.0.0.1:{port}/x", VideoSettings(timeout=0.3))
        assert 0.2 < time.monotonic() - start < 2
    assert f"{scheme}://***@127.0.0.1:{port}/x: " in str(caught.value)


def test_udp_where_nobody_sends():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(UserError, match="no answer in 0.3 s"):
        open_video(f"udp://127.0.0.1:{port}", VideoSettings(timeout=0.3))


@pytest.mark.parametrize("scheme", ["http", "rtsp", "tcp"])
def test_a_refused_connection(scheme):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(UserError, match="cannot be opened .connection refused.; check the address"):
        open_video(f"{scheme}://127.0.0.1:{port}/x", VideoSettings(timeout=5))


def test_an_unknown_host_and_an_answer_that_is_no_video():
    with pytest.raises(UserError, match="its host cannot be resolved"):
        open_video("http://no-such-host.invalid/x", VideoSettings(timeout=5))
    with server(b"<html>log in</html>", answer=ANSWER + b"text/html\r\n\r\n") as port:
        with pytest.raises(UserError, match="cannot be opened"):
            open_video(f"http://127.0.0.1:{port}/x", VideoSettings(timeout=5))
