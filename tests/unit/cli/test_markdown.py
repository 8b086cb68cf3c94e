"""Markdown as HTML, with the tags of Liquid left as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_cli.markdown import read_markdown
from kit_cli.status import MisuseError


def html(text: str) -> str:
    return read_markdown(text, "post.md").html


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (
            'Hi {{ subscriber.first_name | default: "friend" }}',
            '<p>Hi {{ subscriber.first_name | default: "friend" }}</p>\n',
        ),
        ("[Bye]({{ unsubscribe_url }})", '<p><a href="{{ unsubscribe_url }}">Bye</a></p>\n'),
        ("{% if a < b %}*x*{% endif %}", "<p>{% if a < b %}<em>x</em>{% endif %}</p>\n"),
        ("{{ a_b }} and {{ c_d }}", "<p>{{ a_b }} and {{ c_d }}</p>\n"),
        ("{{ a", "<p>{{ a</p>\n"),
        ("LIQUID0x0x {{ a }}", "<p>LIQUID0x0x {{ a }}</p>\n"),
        ("`{{ a < b }}`", "<p><code>{{ a < b }}</code></p>\n"),
        ('{{ a\n  | default: "b" }} *c*', '<p>{{ a\n  | default: "b" }} <em>c</em></p>\n'),
        ("{% if a\n  == 'b' %}*c*{%\nendif %}", "<p>{% if a\n  == 'b' %}<em>c</em>{%\nendif %}</p>\n"),
        ("[Bye]({{\n\n  unsubscribe_url }})", '<p><a href="{{\n\n  unsubscribe_url }}">Bye</a></p>\n'),
        ("{{ a\n\n*b* {{ c }}", "<p>{{ a</p>\n<p><em>b</em> {{ c }}</p>\n"),
        ('{% assign a = "{{" %}\n*b* {{ c }}', '<p>{% assign a = "{{" %}\n<em>b</em> {{ c }}</p>\n'),
        ("a\n\n---\n\nb", "<p>a</p>\n<hr />\n<p>b</p>\n"),
        ("<div class='x'>y</div>", "<div class='x'>y</div>"),
    ],
)
def test_what_it_makes(text: str, made: str) -> None:
    assert html(text) == made


@pytest.mark.parametrize("nested", ["> ", "- ", "1. "])
def test_what_is_nested_deeply_is_there_or_refused(nested: str) -> None:
    assert "Text" in html(f"{nested * 50}Text")
    with pytest.raises(MisuseError, match=r"post\.md: quotes, lists or links are nested too deeply"):
        html(f"{nested * 5000}Text")


@pytest.mark.parametrize("end", ["---", "...", "---  "])
def test_the_fields_end_at_a_line_of_their_own(end: str) -> None:
    document = read_markdown(f"---\nsubject: a --- b\n{end}\n\nText\n", "post.md")
    assert document.fields == {"subject": "a --- b"}
    assert document.html == "<p>Text</p>\n"


def test_fields_are_as_they_are_written() -> None:
    document = read_markdown("---\na: yes\nb: 2026-12-01\nc: 007\nd:\ne: ~\nf: [1, no]\n---\n", "post.md")
    assert document.fields == {"a": "yes", "b": "2026-12-01", "c": "007", "d": "", "e": "~", "f": ["1", "no"]}


def test_no_fields_are_no_fields() -> None:
    assert read_markdown("---\n---\nText", "post.md").fields == {}


TAGS = ('{{ a | b: "c" }}', "{%x%}", '{{ a\n  | b: "c" }}', "{%\n\n*x*\n%}")


@given(st.lists(st.sampled_from([*TAGS, "LIQUID", "0", "x", " ", "\n", "*", "[a](", ")", "<", "{", "}"])))
def test_every_tag_comes_out_as_it_went_in(parts: list[str]) -> None:
    text = "".join(parts)
    made = html(text)
    for tag in TAGS:
        assert made.count(tag) == text.count(tag)
