"""The figures of an evaluation: which there are, and that they show the right sequences."""

import numpy as np
import pytest

from vpn_anomaly.data.pipeline import evaluation_clips
from vpn_anomaly.evaluation_run import evaluate
from vpn_anomaly.report import sequences_figures
from vpn_anomaly.scoring.trained_model import trained_run

COUNT, LAST = 5, 7
DRAWN = ("mean_nll", "tail_mean", "missing_z", "erased_z", "any")  # of the tiny system


def test_figures_are_drawn(results, evaluated):
    drawn = {path.name for path in (evaluated.folder / "figures").iterdir()}
    maps = {"maps_temporal.png", "maps_spatial.png", "maps_both.png"}
    missed = {
        f"missed_{kind}.png"
        for kind, by_score in results["corruptions"].items()
        if kind != "mixed"
        and max(by_score[name]["break_even_accuracy"] for name in by_score if name in DRAWN) < 1
    }
    extremes = {name.replace("maps", "extremes") for name in maps}
    assert drawn == {*maps, *missed, *extremes, "scores.png", "training.png"}


@pytest.fixture(scope="module")
def scenes_of_figures(results, tiny_run, tmp_path_factory):
    """The scenes that an evaluation draws, by the figure's name and corruption."""
    figures = {}
    draw = lambda path, scenes: figures.update({tuple(path.stem.split("_")): scenes})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequences_figures, "surprise_figure", draw)
        trained = trained_run(tiny_run.config, tiny_run.directory)
        evaluate(tiny_run.config, trained, tmp_path_factory.mktemp("scenes"))
    return figures


def test_extremes_are_those_of_all_sequences_together(scores, scenes_of_figures):
    of_kind = {kind: scenes for (name, kind), scenes in scenes_of_figures.items() if name == "extremes"}
    assert set(of_kind) == {"temporal", "spatial", "both"}
    for kind, scenes in of_kind.items():
        (name,) = {note.split(" ")[0] for scene in scenes for note in scene.notes.values()}
        labelled = [(score, f"{place} (normal)") for place, score in enumerate(scores[f"normal/{name}"])]
        labelled += [
            (score, f"{COUNT + place} ({kind})") for place, score in enumerate(scores[f"{kind}/{name}"])
        ]
        ascending = [label for _, label in sorted(labelled)]
        expected = [f"most anomalous: {label}" for label in ascending[:-4:-1]]
        expected += [f"least anomalous: {label}" for label in ascending[:3]]
        assert [scene.label for scene in scenes] == expected


def test_mistakes_and_extremes_are_drawn_with_their_own_frames_maps_and_scores(
    scores, tiny_run, scenes_of_figures
):
    trained = trained_run(tiny_run.config, tiny_run.directory)
    drawn = [(kind, scenes) for (name, kind), scenes in scenes_of_figures.items() if name != "maps"]
    assert len(drawn) > 3
    for kind, scenes in drawn:
        for scene in scenes:
            label, index, *group = scene.label.replace(": ", " ").rsplit(" ", 2 if "(" in scene.label else 1)
            normal = group == ["(normal)"] or label == "false alarm"
            group = None if normal else kind
            place = int(index) - (COUNT if group else 0)
            sequences = evaluation_clips(tiny_run.source, "test", COUNT, group)
            np.testing.assert_array_equal(scene.clip_TxHxWxC, sequences.clip[place])
            np.testing.assert_array_equal(scene.changed_HxW, sequences.changed[place])
            ((_, note),) = scene.notes.items()
            name, value = note.split(" ")
            assert float(value) == pytest.approx(scores[f"{group or 'normal'}/{name}"][place], rel=5e-3)
            _, maps = next(trained.scorer(tiny_run.config).batches(sequences.clip[place][None], (LAST,)))
            for name, map_HxW in scene.maps.items():
                np.testing.assert_allclose(map_HxW, maps.value[name][0, 0], rtol=1e-4, atol=1e-5)
