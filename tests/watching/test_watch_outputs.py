"""Files of --mode=watch: older ones stay until there is something better, links stay links."""

import os

import pytest

from tests.data.video_files import watched, write_video
from tests.files.test_output_files import content, longest
from tests.report.test_annotated_video import add, room_for
from tests.watching.conftest import footage
from vpn_anomaly.errors import UserError
from vpn_anomaly.main import main
from vpn_anomaly.report.annotated_video import AnnotatedVideo
from vpn_anomaly.watching.monitor import Monitor

ENDINGS = {"scores": ".csv", "events": ".jsonl", "video": ".mkv", "report": ".html"}


def outputs_in(folder, name):
    return {flag: folder / name(ending) for flag, ending in ENDINGS.items()}


def watch(flags, source, outputs):
    return main([*flags, f"--input={source}", *(f"--{flag}={path}" for flag, path in outputs.items())])


@pytest.mark.parametrize("older", [True, False])
def test_a_source_that_cannot_be_watched_leaves_the_files_that_were_there(flags, tmp_path, older):
    (tmp_path / "film.mkv").write_text("no film")
    (tmp_path / "seen").mkdir()
    outputs = outputs_in(tmp_path / "seen", lambda ending: f"o{ending}")
    for flag, path in outputs.items():
        if older:
            path.write_text(f"old {flag}")
    before = content(tmp_path / "seen")
    assert watch(flags, tmp_path / "film.mkv", outputs) == 2
    assert content(tmp_path / "seen") == before


def test_older_files_are_replaced_through_links_and_longest_names(flags, tmp_path, capsys):
    source = write_video(tmp_path / "film.mkv", footage(8))
    (tmp_path / "seen").mkdir()
    outputs = outputs_in(tmp_path / "seen", longest)
    links = outputs_in(tmp_path, lambda ending: f"link{ending}")
    for flag, path in outputs.items():
        path.write_text(f"old {flag}")
        links[flag].symlink_to(path)
    assert watch(flags, source, links) == 0
    assert "8 frames" in capsys.readouterr().out
    assert all(path.is_symlink() for path in links.values())
    assert sorted(os.listdir(tmp_path / "seen")) == sorted(path.name for path in outputs.values())
    assert outputs["scores"].read_text().count("\n") == 9 and "old ev" not in outputs["events"].read_text()
    assert len(watched(str(links["video"]))[0]) == 8
    assert outputs["report"].read_text().startswith("<!")


def test_ctrl_c_replaces_older_files_by_what_was_seen(flags, tmp_path, monkeypatch):
    see = Monitor.update

    def see_and_interrupt(self, frame):
        if frame.index == 5:
            raise KeyboardInterrupt
        return see(self, frame)

    monkeypatch.setattr(Monitor, "update", see_and_interrupt)
    source = write_video(tmp_path / "film.mkv", footage(8))
    (tmp_path / "seen").mkdir()
    outputs = outputs_in(tmp_path / "seen", lambda ending: f"o{ending}")
    for flag, path in outputs.items():
        path.write_text(f"old {flag}")
    assert watch(flags, source, outputs) == 130
    assert sorted(os.listdir(tmp_path / "seen")) == sorted(path.name for path in outputs.values())
    assert outputs["scores"].read_text().count("\n") == 6 and len(watched(str(outputs["video"]))[0]) == 5


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_an_older_video_stays_until_the_new_one_is_whole(tmp_path, ending):
    path = tmp_path / f"x{ending}"
    path.write_bytes(b"older")
    with AnnotatedVideo(path, 36, 49, rate=12.5) as annotated:
        add(annotated)
        assert path.read_bytes() == b"older"
    assert len(watched(str(path))[0]) == 40
    path.write_bytes(b"older")
    with room_for(20_000), pytest.raises(UserError, match="file too large"):
        with AnnotatedVideo(path, 36, 49, rate=12.5) as annotated:
            add(annotated)
    with pytest.raises(UserError, match="no H.264 of 480x48000 pixels"):
        AnnotatedVideo(path, 1000, 10, rate=25)
    assert content(tmp_path) == {path.name: b"older"}
