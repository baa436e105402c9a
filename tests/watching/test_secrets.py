"""A word as password, in every spelling of an address: no file and no stream has it afterwards."""

import contextlib
import csv
import datetime
import http.server
import json
import threading

import pytest

from tests import tiny
from tests.data.video_files import camera, write_video
from tests.watching.conftest import footage
from vpn_anomaly.data.video.frame_cache import FrameCache
from vpn_anomaly.data.video.open_video import VideoSettings
from vpn_anomaly.errors import UserError
from vpn_anomaly.main import main
from vpn_anomaly.storage import results_file, workdir

SECRET = "hunter2"
NOBODY = "127.0.0.1:1"  # answers there
SPELLINGS = {
    "user": "http://me:{}@{}/film",
    "with @": "http://me:a@{}@{}/film",
    "token": "http://{}@{}/film",
    "coded": "http://me:p%40{}@{}/film",
    "query": "http://{1}/v.cgi?user=a&pwd={0}",
    "path": "http://{1}/user=a&password={0}",
    "semicolon": "http://{1}/v?a=b;pwd={0}#t={0}",
}
CLOSED = {
    "slash": "rtsp://me:a/{}@{}/1",
    "question": "rtsp://me:a?{}@{}/1",
    "hash": "rtsp://me:a#{}@{}",
    "rtsp": "rtsp://{}@{}",
    "capitals": "RTSP://me:{}@{}/",
    "tcp": "tcp://me:{}@{}",
    "joined": "rtsp://{1}/user=a_password={0}_channel=1",
    "unknown": "ftp://me:{}@{}/1",
    "no host": "rtsp://me:{}",
    "mistyped": "rtsp:/me:{}@{}",
    "bare": "me:{}@{}",
    "space": "rtsp://me:a {}@{}",
    "new line": "rtsp://me:a\n{}@{}/",
}


@contextlib.contextmanager
def film_server(content):
    """Yields host and port of a server that gives the same film for every address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(content)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    frames = footage(200, seed=1)
    frames[30:40] = 255 - frames[30:40] // 4  # an event
    path = write_video(tmp_path_factory.mktemp("film") / "film.mkv", frames)
    with open(path, "rb") as file, film_server(file.read()) as host:
        yield host


def holding(folder):
    """The files and folders below that have the secret in their name or content."""
    return [
        path
        for path in folder.rglob("*")
        if SECRET in path.name or path.is_file() and SECRET.encode() in path.read_bytes()
    ]


def outputs(folder):
    return [f"--scores={folder}/s.csv", f"--events={folder}/e.jsonl", f"--report={folder}/r.html"]


@pytest.mark.parametrize("spelling", ["with @", "query", "path"])
def test_a_watching_does_not_write_it(flags, host, tmp_path, capsys, spelling):
    address = SPELLINGS[spelling].format(SECRET, host)
    assert main([*flags, f"--input={address}", "--max_frames=60", *outputs(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert SECRET not in out + err and "http://" in err and "60 frames" in out
    assert not holding(tmp_path)
    (name,) = {row["source"] for row in csv.DictReader((tmp_path / "s.csv").open())}
    events = list(map(json.loads, (tmp_path / "e.jsonl").read_text().splitlines()))
    assert {event["source"] for event in events} == {name} and "***" in name
    assert name in (tmp_path / "r.html").read_text().replace("&amp;", "&")


def test_a_camera_that_goes_away_does_not_tell_it(flags, tmp_path, capsys):
    with camera(tmp_path, 8, 0.01, (22, 31)) as address:
        address = address.replace("://", f"://me:{SECRET}@") + f"?key={SECRET}"
        assert main([*flags, f"--input={address}", "--max_frames=12", f"--scores={tmp_path}/s.jsonl"]) == 0
    out, err = capsys.readouterr()
    assert "trying again" in err and "back after" in err and "dropped" in err
    assert SECRET not in out + err and not holding(tmp_path)


@pytest.mark.parametrize("debug", [[], ["--debug"]])
@pytest.mark.parametrize("spelling", [*CLOSED, *SPELLINGS])
def test_an_error_does_not_tell_it(flags, tmp_path, capsys, spelling, debug):
    address = {**CLOSED, **SPELLINGS}[spelling].format(SECRET, NOBODY)
    for flag in ("--input", "--config.watch.zones"):
        inputs = [] if flag == "--input" else ["--input=film.mkv"]
        assert main([*flags, f"{flag}={address}", *inputs, *outputs(tmp_path), *debug]) == 2
        out, err = capsys.readouterr()
        assert SECRET not in out + err and err.splitlines()[-1].startswith("error: ")
        assert len(err.splitlines()) == 1 or debug
    assert not holding(tmp_path)


@pytest.mark.parametrize("spelling", ["slash", "joined", "bare", "mistyped", "with @", "query"])
@pytest.mark.parametrize(
    "wrong",
    [
        "{}",
        "--mode={}",
        "--checkpoint={}",
        "--workdir={}",
        "--output={}.csv --mode=score",
        "--config={}",
        "--inputt={}",
        "--config.data.height={}",
        "--config.data.source={}",
        "--config.nothing={}",
        "--config.data.path={}",
        "--config.data.source=ucsd --config.data.path={}",
        "--config.train.start_from={}",
        "--max_frames={}",
    ],
)
def test_a_command_line_that_is_wrong_does_not_tell_it(tmp_path, monkeypatch, capsys, spelling, wrong):
    if spelling == "bare" and wrong.startswith(("--workdir", "--output")):
        pytest.skip("a file may have this name")
    monkeypatch.chdir(tmp_path)
    address = {**CLOSED, **SPELLINGS}[spelling].format(SECRET, NOBODY)
    tiny.config_file(tmp_path / "tiny.py", tiny.tiny_config())
    arguments = [part.format(address) for part in wrong.split(" ")]
    assert main(["--config=tiny.py", *arguments]) == 2
    out, err = capsys.readouterr()
    assert SECRET not in out + err and err.startswith("error: ") and err.count("\n") == 1
    assert not holding(tmp_path)


@pytest.mark.slow
def test_a_training_does_not_store_it_and_goes_on_with_another_password(host, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    fields = {"data.video.cache": str(tmp_path / "cache"), "train.steps": 1}
    tiny.config_file(tmp_path / "tiny.py", tiny.tiny_config({**tiny.VIDEO_FIELDS, **fields}))
    path = "--config.data.path=http://me:{}@" + host + "/v.cgi?key={}"
    assert main(["--config=tiny.py", path.format(SECRET, SECRET), "--mode=train"]) == 0
    assert not holding(tmp_path)
    (run,) = (tmp_path / "runs").iterdir()
    stored = json.loads((run / "config.json").read_text())["data"]["path"]
    assert stored == f"http://***@{host}/v.cgi?key=***"
    again = ["--config=tiny.py", f"--workdir={run}", "--config.train.steps=1"]
    assert main([*again, path.format("another", "x")]) == 0
    assert main([*again, path.format("another", "x").replace("v.cgi", "w.cgi")]) == 2
    out, err = capsys.readouterr()
    assert "data.path 'http://***@" in err
    assert SECRET not in out + err and not holding(tmp_path)
    assert {"results.json", "report.html"} <= {path.name for path in run.iterdir()}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_run_is_stored_without_it(tmp_path, spelling):
    address = SPELLINGS[spelling].format(SECRET, "cam")
    config = tiny.tiny_config({**tiny.VIDEO_FIELDS, "data.path": address})
    now = datetime.datetime(2026, 1, 2)
    run = workdir.new_run("tiny", {"data.path": address, "seed": 3}, now, tmp_path)
    workdir.open_run(run, config)
    results_file.write_results(run, {"steps": config.train.steps, "config": config})
    assert not holding(tmp_path) and "cam" in run.name
    config.data.path = SPELLINGS[spelling].format("another", "cam")
    workdir.open_run(run, config)
    assert results_file.finished_results(run, config)
    config.data.path = SPELLINGS[spelling].format(SECRET, "porch")
    with pytest.raises(UserError, match="data.path 'http://.*cam.* there and 'http://.*porch") as refused:
        workdir.open_run(run, config)
    assert SECRET not in str(refused.value) and not results_file.finished_results(run, config)


def test_frames_are_cached_without_it(host, tmp_path):
    cache = FrameCache(tmp_path, VideoSettings(), 1)
    for spelling in SPELLINGS.values():
        assert len(cache.frames(spelling.format(SECRET, host))) == 200
    assert len(list(tmp_path.iterdir())) == len(SPELLINGS) and not holding(tmp_path)


def test_a_stored_address_says_what_it_lacks(flags, capsys):
    assert main([*flags, "--input=rtsp://***@cam/1"]) == 2
    assert "*** replaces what is not stored of an address" in capsys.readouterr().err


def test_a_run_that_was_stored_with_it_goes_on(tmp_path):
    config = tiny.tiny_config({**tiny.VIDEO_FIELDS, "data.path": "http://me:new@cam/1"})
    workdir.open_run(tmp_path, config)
    content = (tmp_path / "config.json").read_text()
    (tmp_path / "config.json").write_text(content.replace("***", "me:old"))
    workdir.open_run(tmp_path, config)
