"""Testcases read by pattern are those an XML parser reads; what could hide or forge one is left to the parser."""

import io
import re
from random import Random
from xml.etree import ElementTree as ET

import pytest

from bitsec_eval.core.errors import ResultsError
from bitsec_eval.core.junit import reader as junit
from bitsec_eval.core.junit.reader import read_junit
from bitsec_eval.core.junit.scan import END, scanned, text_of
from tests.junit_files import JunitFile

P, F, E = "passed", "failed", "error"
ODD = """<&>"'\n\tü\u2028 &quot; &amp;lt;"""


def several(reason: str = ODD) -> JunitFile:
    file = JunitFile(names_runs=True).run(
        "alice", "coding/a", {ODD: P, "b": F, "c": E, "d": "skipped"}, reason=reason
    )
    return file.run("bob", "coding/a", {ODD: F, "b": P, "c": P, "d": P})


def stretch_of(text: bytes) -> bytes:
    return text[text.index(b"<testcase ") : text.rindex(END) + len(END)]


def by_parser(text: bytes, monkeypatch):
    monkeypatch.setattr(junit, "_PLAIN_START", re.compile(rb"nothing"))
    return read_junit(io.BytesIO(text))


@pytest.mark.parametrize(
    "failed", ["<failure/>", "<failure />", "<failure message='x' />", "<failure>a\nb</failure>"]
)
def test_what_pytest_writes_is_read_by_pattern_as_the_parser_reads_it(failed, monkeypatch):
    text = several().text
    odd = text.replace(text[text.index(b"<failure") : text.index(b"</failure>") + 10], failed.encode())
    for each in (text, odd):
        assert len(scanned(stretch_of(each)) or ()) == 8
        assert read_junit(io.BytesIO(each)) == by_parser(each, monkeypatch)


def test_the_end_of_a_read_may_be_anywhere(monkeypatch):
    text = several().text
    whole = by_parser(text, monkeypatch)
    monkeypatch.undo()
    for size in (1, 7, 100, 333, 1000):
        monkeypatch.setattr(junit, "CHUNK_BYTES", size)

        assert read_junit(io.BytesIO(text)) == whole


HIDDEN = {
    "comment before": (b"<testcase ", b"<!-- --><testcase "),
    "comment around": (b"</testcase><testcase ", b"</testcase><!-- <testcase "),
    "cdata": (b"</testcase><testcase ", b"</testcase><![CDATA[ ]]><testcase "),
    "instruction": (b"</testcase><testcase ", b"</testcase><?x ?><testcase "),
    "another child": (b"</testcase>", b"<system-out>x</system-out></testcase>"),
    "another property": (b"<properties>", b'<properties><property name="x" value="y"/>'),
    "a bare tag": (b"</testcase><testcase ", b"</testcase><x/><testcase "),
    "a test of somebody else's": (b"</testcase><testcase ", b"</testcase><testcase name='x'/><testcase "),
    "a tag inside a tag": (b"<testcase ", b"<testcase <x "),
}


@pytest.mark.parametrize("what", HIDDEN)
def test_anything_else_is_left_to_the_parser(what):
    text = stretch_of(several().text)
    old, new = HIDDEN[what]

    assert scanned(text)
    assert scanned(text.replace(old, new, 1)) is None


def told(text: bytes):
    try:
        return read_junit(io.BytesIO(text), "f")
    except ResultsError as refused:
        return re.sub(r"\(line .*\)", "", str(refused))


def test_a_file_with_a_hidden_testcase_reads_as_the_parser_reads_it(monkeypatch):
    text = several().text
    ends = [match.end() for match in re.finditer(END, text)]
    hiding = [(b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?x ", b"?>"), (b"<x>", b"</x>"), (b'<x y="', b'"/>')]
    starts = [text.index(b"<testcase "), *ends[:-1]]
    for opening, closing in hiding:
        for begin, end in zip(starts, ends, strict=True):
            hidden = text[:begin] + opening + text[begin:end] + closing + text[end:]
            for size in (64, 1 << 20):
                monkeypatch.undo()
                monkeypatch.setattr(junit, "CHUNK_BYTES", size)
                ours = told(hidden)
                monkeypatch.setattr(junit, "_PLAIN_START", re.compile(rb"nothing"))

                assert ours == told(hidden)


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "utf-7"])
def test_another_encoding_is_left_to_the_parser(encoding, monkeypatch):
    tree = ET.fromstring(several("plain").text)
    text = ET.tostring(tree, encoding=encoding, xml_declaration=True)

    assert told(text) == told(text) == (by_parser(text, monkeypatch) if encoding != "utf-7" else told(text))


def test_damaged_files_are_refused_or_read_as_the_parser_reads_them(monkeypatch):
    text = several().text
    for seed in range(400):
        random = Random(seed)
        at, size = random.randrange(len(text)), random.choice((1, 3, 40))
        damaged = text[:at] + bytes(random.choice(b"<>&\"'/x -") for _ in range(size)) + text[at + size :]
        monkeypatch.undo()
        ours = told(damaged)
        monkeypatch.setattr(junit, "_PLAIN_START", re.compile(rb"nothing"))
        theirs = told(damaged)

        # The pattern looks neither at texts nor at attributes that are nobody's business; all else is the same.
        assert ours == theirs or isinstance(theirs, str), seed


@pytest.mark.parametrize("wrong", [b"&nbsp;", b"&", b"\xff", b"&#x110000;"])
def test_what_is_no_text_of_xml_is_refused(wrong):
    with pytest.raises(ValueError):
        text_of(b"a" + wrong)


def test_entities_are_read_once():
    assert text_of(b"&quot;&amp;quot;&lt;&#65;&#x42;&apos;&gt;") == "\"&quot;<AB'>"
