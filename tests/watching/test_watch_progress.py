"""What is told of sources that are watched at once, while they are."""

from vpn_anomaly.watching.watch_progress import SourcesProgress


def test_dropped_frames_are_told_by_source_most_first(capsys):
    progress = SourcesProgress(7)
    progress.round(4, 7, 0, {})  # the first, with the compilation, says nothing
    assert capsys.readouterr().err == ""
    progress.round(4, 6, 2, {"a": 0, "b": 3, "c": 1200, "d": 5, "e": 1, "f": 2, "g": 4})
    line = capsys.readouterr().err
    assert line.startswith("6 of 7 sources: ") and " frames per second, 2 events, " in line
    assert line.endswith("frames dropped: 1,200 of c, 5 of d, 4 of g, 3 of b, of 2 more\n")


def test_without_dropped_frames_none_are_told(capsys):
    progress = SourcesProgress(2)
    for _ in range(2):
        progress.round(2, 2, 0, {"a": 0, "b": 0})
    assert "dropped" not in capsys.readouterr().err
