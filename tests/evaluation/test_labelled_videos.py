"""Evaluation of tiny sets in every layout, against whole clips scored at once and scikit-learn."""

import csv
import json

import jax
import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

from tests.data.video_files import cut
from tests.labelled_sets import ANOMALOUS, FRAMES, labelled_run, write_set
from tests.systems.examples import maps_of
from vpn_anomaly.data.lattice import fixed_shifts
from vpn_anomaly.errors import UserError
from vpn_anomaly.evaluation import metrics
from vpn_anomaly.evaluation_run import checked_clips, evaluate
from vpn_anomaly.report.results_table import results_table
from vpn_anomaly.scoring.scores import frame_scores


def frames_of(directory):
    with (directory / "frames.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def column(rows, clip, name):
    return np.array([float(row[name] or "nan") for row in rows if row["clip"] == clip])


@pytest.fixture(scope="module")
def evaluated(labelled):
    results = evaluate(labelled.config, labelled.trained, labelled.directory)
    return results, frames_of(labelled.directory), labelled


scores_of = jax.jit(frame_scores)


def offline(labelled, clip):
    """The scores (G,) and maps (G, H, W) of all frames with context of a clip, as one sequence.

    All clips are as long as the longest (no frame depends on those after it): one program.
    """
    first = labelled.system.first_frame
    longest = np.zeros((1, max(FRAMES), *clip.shape[1:], 1), np.uint8)
    longest[0, : len(clip), ..., 0] = clip
    shift_Mx2 = fixed_shifts(labelled.config.score.masks, tuple(labelled.config.data.lattice))
    maps = maps_of(labelled.system, labelled.params, longest, shift_Mx2, tuple(range(first, max(FRAMES))))
    both = jax.device_get((scores_of(maps), maps))
    return jax.tree.map(lambda x: x[0, : len(clip) - first], both)


def test_every_frame_has_its_label_and_the_scores_of_the_whole_clip(evaluated):
    _, rows, labelled = evaluated
    assert len(rows) == sum(FRAMES)
    first = labelled.system.first_frame
    for (name, clip), ranges in zip(labelled.test.items(), ANOMALOUS, strict=True):
        expected = [any(start <= frame < end for start, end in ranges) for frame in range(len(clip))]
        assert column(rows, name, "label").astype(bool).tolist() == expected
        for score, value_G in offline(labelled, clip)[0].items():
            found = column(rows, name, score)
            assert np.isnan(found[:first]).all()
            np.testing.assert_allclose(found[first:], value_G, rtol=1e-4, atol=1e-4)
        difference = np.abs(np.diff(clip.astype(int), axis=0)).mean((1, 2))
        np.testing.assert_allclose(column(rows, name, "frame_difference")[1:], difference)


def test_metrics_are_scikit_learns_of_the_csv(evaluated):
    results, rows, labelled = evaluated
    label = [column(rows, name, "label") for name in labelled.test]
    for score, found in results["scores"].items():
        scores = [column(rows, name, score) for name in labelled.test]
        for score_T in scores:  # by hand: the first frames have the score of the first that has one
            first = np.flatnonzero(np.isfinite(score_T))[0]
            score_T[:first] = score_T[first]
        expected = roc_auc_score(np.concatenate(label), np.concatenate(scores))
        assert found["auroc_micro"] == pytest.approx(expected, abs=1e-9)
        of_clips = [roc_auc_score(label[clip], scores[clip]) for clip in (0, 2)]
        assert found["auroc_macro"] == pytest.approx(np.mean(of_clips), abs=1e-9)
        assert found["clips_left_out"] == 1


def test_pixel_auroc_is_that_of_all_pixels(evaluated):
    results, _, labelled = evaluated
    parts = {"map": [], "mask": [], "counted": []}
    for name, clip in labelled.test.items():
        _, maps = offline(labelled, clip)
        parts["map"].append(maps.value["nll"])
        parts["counted"].append(maps.counted)
        parts["mask"].append(labelled.masks[name][labelled.system.first_frame :])
    expected = metrics.pixel_auroc(*(np.concatenate(parts[kind]) for kind in parts))
    assert results["maps"]["nll"]["pixel_auroc"] == pytest.approx(expected, abs=1e-4)


def test_results_say_what_was_done_and_what_was_not(evaluated):
    results, _, labelled = evaluated
    assert json.loads((labelled.directory / "results.json").read_text())["done"] == results["done"]
    text = results_table(results)
    anomalous = sum(end - start for ranges in ANOMALOUS for start, end in ranges)
    assert f"all {sum(FRAMES)} frames of 3 clips, {anomalous} of them anomalous" in text
    assert "mean over 2 of 3 clips; 1 have frames of one class only" in text
    for words in (
        "pixel AUROC: over all pixels that count of 3 of 3 clips",
        f"first {labelled.system.first_frame} frames of a clip, which lack context",
        "not done: no frame is dropped",
        "not done: no clip is normalised",
        "not done: nothing is smoothed",
        "not done: no pixel-level criterion",
    ):
        assert words in text
    assert f"{results['scores']['any']['auroc_micro']:.3f} [" in text


def test_at_the_threshold_as_many_are_flagged_as_the_csv_says(evaluated):
    results, rows, labelled = evaluated
    with np.load(labelled.directory / "checkpoints/watch_calibration.npz") as stored:
        count = len(stored["score/mean_nll"])
    assert count == 2 * (12 - labelled.system.first_frame)  # two of three clips, of 12 frames
    normal = results["at_threshold"]["normal_clips"]
    assert (normal["clips"], normal["frames"]) == (2, count)
    rate = results["at_threshold"]["false_alarm_rate"]
    label = np.concatenate([column(rows, name, "label") for name in labelled.test])
    assert round(rate * (label == 0).sum(), 6) % 1 == 0 and 0 <= results["at_threshold"]["recall"] <= 1


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A set in UCSD's layout that tests may damage, and a run on it."""
    folder = tmp_path_factory.mktemp("other")
    write_set("ucsd", folder / "set")
    return labelled_run(folder, "ucsd", folder / "set"), folder / "set"


def with_fields(config, **fields):
    config = config.copy_and_resolve_references()
    config.update_from_flattened_dict(
        {f"evaluate.{name.replace('__', '.')}": value for name, value in fields.items()}
    )
    return config


@pytest.mark.parametrize(
    "field, value",
    [
        ("dropped_frames", 4),
        ("normalise_clips", True),
        ("smoothing", 1.0),
        ("masks", "off"),
    ],
)
def test_an_option_changes_what_it_says_and_nothing_else(other, tmp_path, field, value):
    run, _ = other
    before = evaluate(run.config, run.trained, tmp_path)
    rows = (tmp_path / "frames.csv").read_bytes()
    after = evaluate(with_fields(run.config, **{f"protocol__{field}": value}), run.trained, tmp_path)
    assert (tmp_path / "frames.csv").read_bytes() == rows
    named = " ".join(set(before["not_done"]) ^ set(after["not_done"]))
    assert f"evaluate.protocol.{field}" in named and named.count("evaluate.protocol") == 1
    same = {
        "auroc_micro": field == "masks",
        "auroc_macro": field in ("masks", "normalise_clips"),
        "auroc_clips": field in ("masks", "normalise_clips"),
    }
    for metric, is_same in same.items():
        assert (before["scores"]["any"][metric] == after["scores"]["any"][metric]) == is_same
    assert (before["maps"] == after["maps"]) == (field != "masks")
    assert before["at_threshold"] == after["at_threshold"]


def test_all_rows_without_learning_stand_last_and_in_the_csv(other, tmp_path):
    run, _ = other
    cheap = evaluate(run.config, run.trained, tmp_path)
    assert "no foreground, matched_speed, nearest_normal_window (evaluate.baselines=all)" in cheap["not_done"]
    results = evaluate(with_fields(run.config, baselines="all"), run.trained, tmp_path)
    names = [*cheap["without_learning"], "foreground", "matched_speed", "nearest_normal_window"]
    assert results["without_learning"] == names == list(results["scores"])[-len(names) :]
    assert {name: results["scores"][name] for name in cheap["scores"]} == cheap["scores"]
    assert not any("evaluate.baselines" in phrase for phrase in results["not_done"])
    for name in names[2:]:
        score_T = column(frames_of(tmp_path), "Test001", name)
        assert np.isfinite(score_T[4:]).all() and results["scores"][name]["auroc_micro"] is not None
    assert list(results["differences"]) == names


def test_the_published_protocol_is_a_second_table_of_the_same_scores(other, tmp_path):
    run, _ = other
    raw = evaluate(run.config, run.trained, tmp_path)
    both = evaluate(with_fields(run.config, protocol__published=True), run.trained, tmp_path)
    scaled = {"protocol__normalise_clips": True, "protocol__smoothing": 5.0}
    alone = evaluate(with_fields(run.config, **scaled), run.trained, tmp_path)
    same = ("scores", "differences", "done", "not_done", "maps", "at_threshold")
    assert {name: both[name] for name in same} == {name: raw[name] for name in same}
    published = both["published"]
    assert (published["scores"], published["differences"]) == (alone["scores"], alone["differences"])
    assert published["protocol"] == alone["protocol"] and raw["published"] is None
    lines = results_table(both).splitlines()
    (place,) = [number for number, line in enumerate(lines) if line.startswith("by the published protocol: ")]
    assert lines[place].count("uses the clip's future") == 2
    assert f"{raw['scores']['any']['auroc_micro']:.3f}" in next(
        line for line in lines if line.startswith("any ")
    )


def test_a_damaged_frame_is_scored_from_its_neighbours_and_named(other, tmp_path):
    run, folder = other
    image = folder / "Test/Test001/008.tif"
    whole = image.read_bytes()
    cut(image, 0.5, image.name)
    try:
        results = evaluate(run.config, run.trained, tmp_path)
    finally:
        image.write_bytes(whole)
    score_T = column(frames_of(tmp_path), "Test001", "any")
    assert np.isnan(score_T[7]) and np.isfinite(score_T[[6, 8]]).all()
    clip = results["data_set"]["clips"][0]
    assert clip["unread"] == [7] and clip["frames"] == 20
    text = " ".join(results["done"])
    assert "Test001: frame 7 (from 0) cannot be read, scored from the neighbours" in text
    assert "1 of 20 images cannot be read (008.tif)" in text


def test_masks_that_are_required_and_missing_are_named(other):
    run, folder = other
    masks = folder / "Test/Test002_gt"
    masks.rename(folder / "elsewhere")
    try:
        checked_clips(run.config)
        with pytest.raises(UserError, match=r"1 of 3 clips have no masks.*Test002_gt"):
            checked_clips(with_fields(run.config, protocol__masks="required"))
    finally:
        (folder / "elsewhere").rename(masks)


def test_clips_that_are_too_short_are_refused(other, tmp_path):
    run, _ = other
    with pytest.raises(UserError, match="11 frames, but evaluate.protocol.dropped_frames is 11"):
        evaluate(with_fields(run.config, protocol__dropped_frames=11), run.trained, tmp_path)


def test_clips_that_cannot_be_scored_are_refused_before_any_is(other):
    run, _ = other
    with pytest.raises(UserError, match="11 frames, but evaluate.protocol.dropped_frames is 11"):
        checked_clips(with_fields(run.config, protocol__dropped_frames=11))


@pytest.mark.parametrize(
    "damage, words",
    [
        ("size", r"Test002: frames of 20×32 pixels at work size, but those .* calibrated with have 24×32"),
        ("masks", r"Test001_gt: no anomalous pixel in any mask, but 7 frames of Test001 are labelled"),
        ("aspect", r"Test001_gt: masks of 24×20 pixels for frames of 24×32"),
    ],
)
def test_sizes_and_masks_that_do_not_fit_are_refused_before_any_is(tmp_path, damage, words):
    write_set("ucsd", tmp_path / "set")
    run = labelled_run(tmp_path, "ucsd", tmp_path / "set")
    folder = tmp_path / "set/Test" / ("Test002" if damage == "size" else "Test001_gt")
    for path in folder.glob("0*"):
        with Image.open(path) as image:
            changed = {
                "size": lambda: image.crop((0, 0, 32, 20)),
                "aspect": lambda: image.crop((0, 0, 20, 24)),
                "masks": lambda: image.point(lambda value: value // 255),
            }[damage]()
        changed.save(path)
    with pytest.raises(UserError, match=words):
        checked_clips(run.config)
    if damage != "size":
        checked_clips(with_fields(run.config, protocol__masks="off"))


def test_a_clip_of_damaged_frames_alone_is_refused(other, tmp_path):
    run, folder = other
    kept = {path: path.read_bytes() for path in (folder / "Test/Test002").glob("0*")}
    for path in list(sorted(kept))[2:]:
        cut(path, 0.5, path.name)
    try:
        with pytest.raises(UserError, match="Test002: 2 of its 14 frames can be read, but the first 3"):
            evaluate(run.config, run.trained, tmp_path)
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
