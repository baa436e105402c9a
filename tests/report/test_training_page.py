"""The page that shows how training goes: its numbers, its curve and its maps, read back from what was written."""

import json
import re

import jax
import matplotlib
import numpy as np
import pytest

from tests import tiny
from tests.report.html_reader import pixels_of
from tests.report.training_page_reader import page_of, points_of, refreshes
from vpn_anomaly.data.build import build_source
from vpn_anomaly.data.pipeline import clips_at
from vpn_anomaly.errors import UserError
from vpn_anomaly.report import fixed_clip
from vpn_anomaly.report.standing import TRAINED, stopped
from vpn_anomaly.report.training_page import TrainingPage
from vpn_anomaly.scoring import clip_scorer
from vpn_anomaly.scoring.clip_scorer import ClipScorer, build_scorer
from vpn_anomaly.training.snapshot import Snapshot

LOSSES = {1: 2.0, 2: 1.7, 3: 0.9, 5: 0.31, 6: 0.3}
JPEG_ERROR = 8  # of 255, on average: small pictures are JPEGs where these are smaller


def written_log(directory, losses):
    lines = [
        {"step": step, "loss": loss, "learning_rate": 1e-3 * step, "seconds": 10.0 * step}
        for step, loss in losses.items()
    ]
    (directory / "train.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def facts_of(page):
    return dict(zip((one.text for one in page.all("dt")), (one.text for one in page.all("dd"))))


@pytest.fixture
def shown(tiny_run, tmp_path):
    """The config and the folder of a run whose page was written after step 6."""
    written_log(tmp_path, LOSSES)
    page = TrainingPage(tiny_run.config, tmp_path)
    page.show(tiny_run.source, Snapshot(6, tiny_run.params, 61.0, 754.0))
    return page


def test_it_says_how_far_training_is_and_looks_for_the_next_page(shown, tmp_path):
    page, steps = page_of(tmp_path), tiny.tiny_config().train.steps
    assert page.all("title")[0].text == page.all("h1")[0].text == f"Training: step 6 of {steps}"
    assert refreshes(page) == ["10"]
    facts = facts_of(page)
    assert facts["Training for"] == "61 s" and facts["Left, about"] == "12:34"
    assert facts["Loss of the last logged step"] == "0.3 nats per pixel"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", facts["Written"])


def test_the_curve_is_the_log_on_a_logarithmic_scale(shown, tmp_path):
    x, y = points_of(page_of(tmp_path)).T
    steps, losses = np.array(list(LOSSES.items())).T
    np.testing.assert_allclose((x - x[0]) / (x[-1] - x[0]), (steps - 1) / 5, atol=1e-4)
    heights = np.log(losses / losses[0]) / np.log(losses[-1] / losses[0])
    np.testing.assert_allclose((y - y[0]) / (y[-1] - y[0]), heights, atol=1e-4)


@pytest.mark.parametrize("kind", [None, "both"])
def test_scores_and_maps_are_those_that_the_scorer_gives_for_these_weights(shown, tiny_run, tmp_path, kind):
    config = tiny_run.config
    clip = clips_at(tiny_run.source, "validation", [0], kind)
    scorer = build_scorer(config, tiny_run.system, tiny_run.params)
    last = tiny.FRAMES - 1
    alone = ClipScorer(
        tiny_run.system, tiny_run.params, scorer.shift_Mx2, 2
    )  # another batch, nothing beside it
    ((scores, maps),) = alone.batches(clip.clip, (last,))
    card = page_of(tmp_path).one(id=f"clip-{kind or 'normal'}")
    said = dict(re.findall(r"(\w+) ([-\d.]+)", card.all("p")[0].text))
    assert float(said["mean_nll"]) == pytest.approx(scores["mean_nll"][0, 0], rel=6e-3)
    assert float(said["tail_mean"]) == pytest.approx(scores["tail_mean"][0, 0], rel=6e-3)
    frame, masked, predicted, nll, tail = (pixels_of(image) for image in card.all("img"))
    assert_alike(frame, clip.clip[0, -1, ..., 0])
    rows, columns = np.indices((tiny.SIDE, tiny.SIDE))
    at_shown = (rows % 4 == scorer.shift_Mx2[0, 0]) & (columns % 5 == scorer.shift_Mx2[0, 1])
    assert np.abs(masked[~at_shown].astype(int) - (44, 62, 92)).mean() < JPEG_ERROR
    counted, value = maps.counted[0, 0], {name: part[0, 0] for name, part in maps.value.items()}
    expected = np.where(counted, maps.intensity[0, 0] + value["missing"], maps.intensity[0, 0])
    assert_alike(predicted, 255 * expected.clip(0, 1))
    for picture, name in ((nll, "nll"), (tail, "tail")):
        colours = 255 * matplotlib.colormaps["magma"]((value[name] / 6).clip(0, 1))[..., :3]
        assert_alike(picture[counted], colours[counted])


def assert_alike(picture, expected):
    assert np.abs(picture.astype(float) - expected).mean() < JPEG_ERROR


def test_colours_are_exact_and_neutral_where_nothing_counts():
    coloured = fixed_clip.coloured_map(np.array([[0.0, 3.0, 9.0]]), np.array([[True, True, False]]), 6.0)
    magma = matplotlib.colormaps["magma"]
    assert coloured[0, 0].tolist() == list(magma(0.0, bytes=True)[:3])
    assert coloured[0, 1].tolist() == list(magma(128, bytes=True)[:3])
    assert coloured[0, 2].tolist() == [0x7D, 0x85, 0x90]


def test_a_second_page_compiles_nothing_and_has_the_same_scale(shown, tiny_run, tmp_path):
    before, programs = page_of(tmp_path), clip_scorer._scores_and_maps._cache_size()
    written_log(tmp_path, {**LOSSES, 7: 0.2})
    shown.show(tiny_run.source, Snapshot(7, tiny.random_params(tiny_run.config, seed=1), 70.0, None))
    after = page_of(tmp_path)
    scorer = build_scorer(tiny_run.config, tiny_run.system, tiny_run.params)
    list(scorer.batches(clips_at(tiny_run.source, "test", [0, 1, 2]).clip, (tiny.FRAMES - 1,)))
    assert clip_scorer._scores_and_maps._cache_size() == programs  # nor does the evaluation
    assert "step 7 of" in after.all("h1")[0].text and facts_of(after)["Left, about"] == "not known yet"
    pictures = [
        [image.attributes["src"] for image in page.one(id="clip-both").all("img")] for page in (before, after)
    ]
    assert [one == other for one, other in zip(*pictures)] == [True, True, False, False, False]
    bars = re.findall(r'class="bar">.*?</div>', (tmp_path / "report.html").read_text())
    assert len(bars) == 2 and all("6 nats or more" in bar for bar in bars)


def test_the_last_page_stays_and_says_of_which_step_its_maps_are(shown, tmp_path):
    written_log(tmp_path, {**LOSSES, 8: 0.25})
    shown.end(stopped(""))
    page = page_of(tmp_path)
    assert page.all("h1")[0].text.startswith("Stopped: step 8 of")
    assert refreshes(page) == [] and "Maps after step 6" in page.text
    assert "The same command with the same folder goes on" in page.text
    assert facts_of(page)["Trained for"] == "80 s" and len(points_of(page)) == len(LOSSES) + 1


def test_an_error_that_ended_training_is_on_the_page(shown, tmp_path):
    shown.end(stopped("training stopped at step 8: loss nan"))
    assert "It ended with: training stopped at step 8: loss nan." in page_of(tmp_path).text


def test_weights_that_are_no_numbers_have_no_maps(tiny_run, tmp_path):
    written_log(tmp_path, LOSSES)
    diverged = jax.tree.map(lambda x: np.full(x.shape, np.nan, x.dtype), tiny_run.params)
    TrainingPage(tiny_run.config, tmp_path).show(tiny_run.source, Snapshot(6, diverged, 61.0, 754.0))
    page = page_of(tmp_path)
    assert "are not numbers: the training diverges" in page.text
    assert [picture.attributes["alt"] for picture in page.all("img")] == ["Loss"]


def test_where_nothing_was_shown_there_is_no_last_page(tiny_run, tmp_path):
    written_log(tmp_path, LOSSES)
    TrainingPage(tiny_run.config, tmp_path).end(TRAINED)
    assert [path.name for path in tmp_path.iterdir()] == ["train.jsonl"]


def test_a_page_that_cannot_be_written_is_a_warning(shown, tiny_run, tmp_path, caplog):
    (tmp_path / "report.html").unlink()
    (tmp_path / "report.html").mkdir()
    for step in (7, 8):
        shown.show(tiny_run.source, Snapshot(step, tiny_run.params, 70.0, None))
    (line, other) = [record.getMessage() for record in caplog.records]
    assert line == other and line.startswith(
        "the page that shows how training goes is not written: cannot write"
    )


@pytest.mark.parametrize(
    "corruptions, shown", [(("mixed", "both"), "both"), (("temporal", "spatial"), "temporal")]
)
def test_the_corruption_is_one_of_those_that_are_evaluated(tiny_run, corruptions, shown):
    assert list(fixed_clip.fixed_clip(tiny_run.source, corruptions).sequences) == ["normal", shown]


def test_a_sequence_that_is_too_dark_to_corrupt_is_shown_as_it_is(tiny_run, tmp_path, monkeypatch):
    written_log(tmp_path, LOSSES)
    clips = fixed_clip.clips_at

    def dark(source, split, index_N, kind=None):
        if kind:
            raise UserError("sequence 0 has no pixel of at least 128")
        return clips(source, split, index_N)

    monkeypatch.setattr(fixed_clip, "clips_at", dark)
    TrainingPage(tiny_run.config, tmp_path).show(tiny_run.source, Snapshot(6, tiny_run.params, 61.0, None))
    page = page_of(tmp_path)
    assert "sequence 0 has no pixel of at least 128" in page.text and len(page.all("article")) == 1


@pytest.mark.parametrize(
    "system, last",
    [("conv_lstm_autoencoder", "squared error"), ("block_inpainting", "surprise in small blocks")],
)
def test_other_systems_have_the_maps_that_they_make(tmp_path, system, last):
    config = tiny.tiny_config(system=system)
    written_log(tmp_path, LOSSES)
    TrainingPage(config, tmp_path).show(
        build_source(config.data), Snapshot(6, tiny.random_params(config), 1.0, 1.0)
    )
    card = page_of(tmp_path).one(id="clip-both")
    captions = [caption.text for caption in card.all("figcaption")]
    assert captions[-1] == last
    assert any("expects" in caption for caption in captions) == (system == "block_inpainting")
