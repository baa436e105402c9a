"""Watching a source from end to end: the scores, the events, the files."""

import csv
import dataclasses
import json

import jax
import numpy as np
import pytest

from tests.data.video_files import write_video
from tests.score_columns import DISTRIBUTION_SCORES
from tests.watching.conftest import HEIGHT, WIDTH, footage, watch_to_files
from vpn_anomaly.data.lattice import fixed_shifts
from vpn_anomaly.data.video.open_video import VideoSettings, open_video
from vpn_anomaly.errors import UserError
from vpn_anomaly.main import main
from vpn_anomaly.scoring.scores import frame_scores
from vpn_anomaly.scoring.trained_member import TrainedMember
from vpn_anomaly.watching import source_watch
from vpn_anomaly.watching.build import MonitorBuilder, build_watch_settings
from vpn_anomaly.watching.output import Output
from vpn_anomaly.watching.watch import watch

COUNT, CHANGED = 60, slice(30, 40)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A video whose frames are white for a while."""
    frames = footage(COUNT, seed=1)
    frames[CHANGED] = 255 - frames[CHANGED] // 4
    return write_video(tmp_path_factory.mktemp("source") / "new film.mkv", frames), frames


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def events_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def watched(video_run, source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("watched")
    outputs = {
        name: folder / f"out.{ending}"
        for name, ending in (("scores", "csv"), ("events", "jsonl"), ("video", "mkv"))
    }
    watch_to_files(video_run.config, video_run.trained, source[0], outputs)
    return outputs


def test_every_frame_has_the_scores_of_the_stream(watched, video_run, source):
    rows = rows_of(watched["scores"])
    assert [int(row["frame"]) for row in rows] == list(range(COUNT))
    np.testing.assert_allclose([float(row["time"]) for row in rows], np.arange(COUNT) / 25, atol=1e-3)
    shifts = fixed_shifts(video_run.config.score.masks, (4, 5))
    padded = np.pad(source[1], ((0, 0), (0, 2), (0, 1), (0, 0)), mode="edge")
    state = video_run.system.initial_stream(1, *padded.shape[1:3])
    step, scores_of = jax.jit(video_run.system.stream_step), jax.jit(frame_scores)
    for row, frame in zip(rows, padded, strict=True):
        state, maps = step(video_run.params, state, frame[None], shifts)
        cut = jax.tree.map(lambda x: x[0, :HEIGHT, :WIDTH], maps)
        expected = scores_of(cut)
        for name in DISTRIBUTION_SCORES:
            if int(row["frame"]) < video_run.system.first_frame:
                assert row[name] == ""
            else:
                np.testing.assert_allclose(float(row[name]), expected[name], rtol=1e-4, atol=1e-5)


def test_p_values_are_those_of_what_is_held_out(watched, video_run):
    with np.load(video_run.directory / "checkpoints/watch_calibration.npz") as stored:
        normal, clip = stored["score/tail_mean"], stored["score/clip"]
    assert clip.tolist() == [0] * 20 + [1] * 20  # the last tenth, scored after a warm-up before it
    for row in rows_of(watched["scores"])[video_run.system.first_frame :]:
        at_least_as_high = (normal >= float(row["tail_mean"])).sum()
        expected = [(at_least_as_high + offset) / (len(normal) + 1) for offset in (-1, 1)]
        if at_least_as_high:
            assert expected[0] <= float(row["p_motion"]) <= expected[1]
        else:
            assert float(row["p_motion"]) <= 1 / (len(normal) + 1)


def test_events_begin_and_end_and_find_the_change(watched, source):
    events = events_of(watched["events"])
    assert events and all(event["source"] == source[0] for event in events)
    by_id = {}
    for event in events:
        by_id.setdefault(event["event"], []).append(event)
    for history in by_id.values():
        whats = [event["what"] for event in history]
        assert whats[0] == "begin" and whats[-1] == "end" and set(whats[1:-1]) <= {"change"}
    assert any(
        history[-1]["start_frame"] < CHANGED.stop and history[-1]["end_frame"] >= CHANGED.start
        for history in by_id.values()
    )


def test_the_annotated_video_has_every_frame(watched):
    with open_video(str(watched["video"]), VideoSettings()) as video:
        assert len(list(video)) == COUNT and video.size[1] >= 480


def test_it_stops_after_some_frames(video_run, source, tmp_path, capsys):
    watch_to_files(video_run.config, video_run.trained, source[0], {"scores": tmp_path / "s.jsonl"}, 7)
    assert len((tmp_path / "s.jsonl").read_text().splitlines()) == 7
    assert capsys.readouterr().out.splitlines()[-1].startswith("7 frames")


def test_sources_are_watched_one_after_the_other(video_run, source, tmp_path):
    for name in ("a", "b"):
        write_video(tmp_path / f"{name}.mkv", source[1][:6])
    watch_to_files(
        video_run.config, video_run.trained, str(tmp_path / "*.mkv"), {"scores": tmp_path / "s.csv"}
    )
    rows = rows_of(tmp_path / "s.csv")
    assert [row["source"][-5:] for row in rows] == ["a.mkv"] * 6 + ["b.mkv"] * 6
    assert [row["tail_mean"] for row in rows[:6]] == [row["tail_mean"] for row in rows[6:]]


def test_a_file_that_breaks_off_is_scored_as_far_as_it_goes(video_run, source, tmp_path, capsys):
    whole = write_video(tmp_path / "whole.avi", source[1], codec="mpeg4", pixels="yuv420p")
    content = (tmp_path / "whole.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(content[: len(content) * 3 // 4])
    watch_to_files(
        video_run.config, video_run.trained, str(tmp_path / "cut.avi"), {"scores": tmp_path / "s.csv"}
    )
    assert 0 < len(rows_of(tmp_path / "s.csv")) < COUNT
    (line,) = [
        line
        for line in capsys.readouterr().err.splitlines()
        if "cut.avi: " in line and "per second" not in line
    ]
    assert "frame" in line and whole not in line


def test_with_its_thresholds_a_run_watches_without_the_footage(video_run, source, watched, tmp_path):
    config = video_run.config.copy_and_resolve_references()
    config.data.path = str(tmp_path / "moved away.mkv")
    folder = video_run.directory / "checkpoints"
    trained = dataclasses.replace(video_run.trained, calibrations=(folder,), new_calibration=None)
    watch_to_files(config, trained, source[0], {"scores": tmp_path / "s.csv"})
    assert (tmp_path / "s.csv").read_bytes() == watched["scores"].read_bytes()
    with pytest.raises(UserError, match="moved away.mkv: no such file"):
        watch_to_files(config, dataclasses.replace(trained, calibrations=()), source[0], {})


@pytest.mark.parametrize(
    "frames, said",
    [
        (np.zeros((9, HEIGHT, WIDTH + 4, 1), np.uint8), "thresholds hold for one size only"),
    ],
)
def test_frames_of_another_size_are_refused(video_run, tmp_path, frames, said):
    other = write_video(tmp_path / "other.mkv", frames)
    with pytest.raises(UserError, match=said):
        watch_to_files(video_run.config, video_run.trained, other, {})


def test_a_video_has_the_frames_of_one_source(flags, source, tmp_path, capsys):
    (folder := tmp_path / "films").mkdir()
    for name in ("a", "b"):
        write_video(folder / f"{name}.mkv", source[1][:6])
    assert main([*flags, f"--input={folder}", f"--video={tmp_path}/v.mp4"]) == 2
    assert f"--video takes one source, but --input={folder} names 2" in capsys.readouterr().err


def test_a_run_that_was_trained_on_sequences_is_refused(video_run):
    config = video_run.config.copy_and_resolve_references()
    config.data.source = "sequences"
    with pytest.raises(UserError, match="trained on videos"):
        build_watch_settings(config)


def test_without_tails_motion_is_found_by_plain_surprise(video_run, source, tmp_path):
    config = video_run.config.copy_and_resolve_references()
    config.watch.tail = False
    outputs = {"scores": tmp_path / "s.csv", "events": tmp_path / "e.jsonl", "video": tmp_path / "v.mkv"}
    watch_to_files(config, dataclasses.replace(video_run.trained, new_calibration=None), source[0], outputs)
    row = rows_of(outputs["scores"])[-1]
    assert row["mean_nll"] and row["p_motion"] and "tail_mean" not in row and "excess_nll" not in row
    assert any(event["kind"] == "motion" for event in events_of(outputs["events"]))


def test_outputs_begin_before_a_source_is_read(video_run, source, monkeypatch):
    order = []

    class Recorder(Output):
        def begin(self, video, monitor):
            order.append("begin")

    def read(*arguments):
        order.append("read")
        return iter(())

    monkeypatch.setattr(source_watch, "segments", read)
    settings = build_watch_settings(video_run.config)
    monitors = MonitorBuilder([TrainedMember("", video_run.config, video_run.trained)], settings)
    with pytest.raises(UserError, match="0 frames"):
        watch([source[0]], monitors, [Recorder()])
    assert order == ["begin", "read"]
