"""What several --input name, and text files of sources."""

import pytest

from vpn_anomaly.data.video.source_list import all_sources, are_several, listed
from vpn_anomaly.data.video.sources import one_source
from vpn_anomaly.errors import UserError


def test_a_list_has_a_source_a_line(tmp_path):
    path = tmp_path / "cameras.txt"
    lines = [
        "\ufeff# the yard",
        "rtsp://me:pw@cam/1#main",
        "",
        "  camera:0  ",
        " # off: camera:1",
        "a film.mkv",
    ]
    path.write_text("\r\n".join(lines), encoding="utf-8")
    sources = ["rtsp://me:pw@cam/1#main", "camera:0", "a film.mkv"]
    assert listed(str(path)) == sources
    assert all_sources(["b.mkv", f"@{path}"]) == ["b.mkv", *sources]


def test_home_folders_are_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "cameras.txt").write_text("~/film.mkv\n")
    assert all_sources([f"@{tmp_path}/cameras.txt"]) == [f"{tmp_path}/film.mkv"]


@pytest.mark.parametrize(
    "content, words",
    [
        (None, "@{path} cannot be read: no such file"),
        (b"", "@{path}: no source in it"),
        (b"# none\n\n", "@{path}: no source in it"),
        (b"\xff\xfe\x00", "@{path} cannot be read: not a text file"),
        (b"rtsp://me:secret@cam/1\nrtsp://me:secret@cam/1\n", r"--input=rtsp://***@cam/1 is given twice"),
        (b"a.mkv\n./a.mkv\n", "--input=./a.mkv is given twice"),
    ],
)
def test_lists_that_cannot_be_used_are_refused(tmp_path, content, words):
    path = tmp_path / "cameras.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as error:
        all_sources([f"@{path}"])
    assert words.format(path=path) in str(error.value) and "secret" not in str(error.value)


def test_what_is_watched_at_once():
    assert [are_several(of) for of in ([], ["a"], ["a", "b"], ["@a"])] == [False, False, True, True]


def test_of_several_each_names_one(tmp_path):
    for name in ("a.mkv", "b.mkv"):
        (tmp_path / name).write_bytes(b"")
    assert one_source(f"{tmp_path}/a*.mkv") == f"{tmp_path}/a.mkv"
    assert one_source(f"{tmp_path}/missing.mkv") == f"{tmp_path}/missing.mkv"  # told when it is opened
    assert one_source("rtsp://cam/[1]") == "rtsp://cam/[1]"
    with pytest.raises(UserError, match="names 2 sources, but of several --input each has to name one"):
        one_source(str(tmp_path))
