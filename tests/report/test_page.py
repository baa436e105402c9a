"""Pages: what stands in them is read back by another parser."""

import dataclasses
import errno
import os

import numpy as np
import pytest

from tests.report.html_reader import read_alone, rows_of
from vpn_anomaly.errors import UserError
from vpn_anomaly.report.page import html, write_page
from vpn_anomaly.report.parts import (
    Card,
    Cards,
    Cell,
    ColourBar,
    Column,
    Facts,
    Page,
    Section,
    Table,
    Text,
)
from vpn_anomaly.report.pictures import image_uri, picture
from vpn_anomaly.report.timeline import Curve, curve_figure

NASTY = """Straße №1 <b>&amp; "x" 'y' </style><script>alert(1)</script> {{ 7 * 7 }} {% raw %}.mkv"""
GREY = np.full((6, 8, 1), 99, np.uint8)


def page(name=NASTY):
    """A page with every kind of part, the name wherever there is a text."""
    columns = [Column(name, number=False), Column("frame", group=name), Column("score", group=name)]
    rows = [[name, Cell("12", "0:01", "card-1"), "3.5"], [Cell(name), "13", Cell("2", name)]]
    curve = Curve(np.arange(5), np.arange(5.0), "score")
    cards = [Card(name, name, [picture(GREY, name, (1, 2, 4, 8)), picture(GREY)], "card-1")]
    return Page(
        name,
        name,
        Facts([(name, name), ("frames", "9")]),
        [
            Section(name, [Text([name, "second"]), Table(columns, rows, name, "a-table")], "first"),
            Section(
                "more",
                [
                    curve_figure(curve, name, name),
                    Facts([("a", "b")]),
                    ColourBar(image_uri(GREY), name, name, name),
                    Cards(cards),
                ],
                "second",
            ),
        ],
    )


def test_a_page_stands_alone():
    document = read_alone(html(page()))
    assert [link.attributes["href"] for link in document.all("nav")[0].all("a")] == ["#first", "#second"]
    assert len(document.all("img")) == 4


def test_a_page_is_loaded_again_only_if_it_will_be_written_again():
    metas = lambda page: [meta.attributes for meta in read_alone(html(page)).all("meta")]
    again = {"http-equiv": "refresh", "content": "7"}
    assert again in metas(dataclasses.replace(page(), refresh=7))
    assert not [meta for meta in metas(page()) if "http-equiv" in meta]


def test_texts_are_shown_as_they_are():
    document = read_alone(html(page()))
    shown = " ".join(NASTY.split())
    assert document.all("title")[0].text == document.all("h1")[0].text == shown
    assert document.all("figcaption")[0].text == shown
    assert shown in [image.attributes["alt"] for image in document.all("img")]
    everywhere = html(page("NAME")).count("NAME")
    assert (
        document.text.count(shown)
        + sum(value == NASTY for element in document.every() for value in element.attributes.values())
        == everywhere
        > 15
    )


def test_tables_have_their_cells_notes_links_and_groups():
    document = read_alone(html(page("N")))
    table = document.one(id="a-table")
    assert rows_of(table) == [["N", "12 0:01", "3.5"], ["N", "13", "2 N"]]
    groups, titles = table.all("thead")[0].all("tr")
    assert [(th.text, th.attributes["colspan"]) for th in groups.all("th")] == [("", "1"), ("N", "2")]
    assert [th.text for th in titles.all("th")] == ["N", "frame", "score"]
    (link,) = table.all("a")
    assert link.text == "12" and document.one(id=link.attributes["href"][1:]).tag == "article"
    classes = [cell.attributes.get("class") for cell in table.all("tbody")[0].all("td")]
    assert classes == [None, "number", "number"] * 2


def test_a_row_that_is_too_short_is_an_error():
    short = Table([Column("a"), Column("b")], [["1"]])
    with pytest.raises(ValueError):
        html(Page("", "", Facts([]), [Section("", [short], "s")]))


def test_a_box_lies_where_it_does_in_the_picture():
    document = read_alone(html(page()))
    (box,) = document.all("i")
    edges = dict(part.split(": ") for part in box.attributes["style"].split("; "))
    expected = {"top": 1 / 6, "left": 2 / 8, "bottom": 2 / 6, "right": 0}  # bottom and right: distances
    assert edges == {name: f"{100 * part:.3f}%" for name, part in expected.items()}


def test_the_same_page_gives_the_same_bytes(tmp_path):
    for name in ("a.html", "b.html"):
        write_page(tmp_path / name, page())
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == html(page())


def test_a_name_that_is_no_unicode_can_be_written(tmp_path):
    write_page(tmp_path / "a.html", page(b"caf\xe9.mkv".decode(errors="surrogateescape")))
    assert "caf?.mkv" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_a_page_that_cannot_be_written_leaves_the_one_before(tmp_path, monkeypatch):
    def refuse(file):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    (tmp_path / "a.html").write_text("before")
    with pytest.raises(UserError, match="cannot write .*a.html: no space"):
        write_page(tmp_path / "a.html", page())
    assert (tmp_path / "a.html").read_text() == "before"
