"""Whom a text names, and what stays: other people, other numbers, every other byte."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import BadRequest, InvalidSettings
from include.http.redact import Redactor
from include.privacy.erasers import PageEraser, ShopEraser, TextEraser
from include.privacy.inbox import read_request
from include.privacy.json_text import edit_json
from include.privacy.subjects import ErasedSubjects, identity_of, salted_token
from tests.fakes.person_shop import CUSTOMERS, KEY, ORDERS, customer, order, page

ANA = "7001234567890"


def hashed(value: str) -> str:
    return Redactor(KEY, frozenset()).hash_value(value)


def listed(*values: str) -> ErasedSubjects:
    return ErasedSubjects({identity_of(v, KEY): "erased-a" for v in values}, hash_key=KEY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail ana@x.test now", "mail T now"),
        ("ANA@X.test", "T"),
        ("?e=ana%40x.test&b=1", "?e=T&b=1"),
        ("%3Dana%40x.test", "%3DT"),
        ("<ana@x.test>", "<T>"),
        ("ana@x.test.", "T."),
        # Other people.
        ("bea.ana@x.test", "bea.ana@x.test"),
        ("bea+ana@x.test", "bea+ana@x.test"),
        ("ana@x.test.uk", "ana@x.test.uk"),
        ("ana@x.testing", "ana@x.testing"),
        ("ana@x.test-shop.com", "ana@x.test-shop.com"),
    ],
)
def test_addresses_are_replaced_whole(text: str, expected: str) -> None:
    assert TextEraser({"ana@x.test": "T"}).text(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gid://shopify/Customer/7001234567890", "gid://shopify/Customer/T"),
        ("?cid=7001234567890#", "?cid=T#"),
        ("17001234567890", "17001234567890"),
        ("70012345678901", "70012345678901"),
        ("a7001234567890", "a7001234567890"),
    ],
)
def test_numbers_are_replaced_whole(text: str, expected: str) -> None:
    assert TextEraser({ANA: "T"}).text(text) == expected


def test_a_phone_number_is_found_with_and_without_its_plus() -> None:
    eraser = TextEraser({"+15550100999": "T"})
    found = eraser.text("+15550100999, %2B15550100999, 15550100999, +155501009991")
    assert found == "T, T, T, +155501009991"


def test_a_short_number_is_a_person_only_as_a_whole_value() -> None:
    eraser = TextEraser({"17": "T"})
    assert eraser.text("17 pieces") == "17 pieces"
    assert eraser.value("17") == "T"
    assert eraser.value("gid://shop/Customer/17") == "T"


def test_an_identity_is_of_the_value_or_of_its_landed_hash() -> None:
    assert identity_of("Ana@X.test ", KEY) == identity_of(hashed("ana@x.test"), KEY)
    assert identity_of("gid://shop/Customer/17", KEY) == identity_of("17", KEY)
    # Nothing that stands in the data stands in the list.
    assert identity_of("ana@x.test", KEY) != hashed("ana@x.test")
    assert identity_of("17", KEY) != identity_of("17", b"another key")
    with pytest.raises(InvalidSettings, match="privacy"):
        identity_of("17", b"")


def test_a_page_is_searched_where_the_source_says() -> None:
    eraser = PageEraser(listed(ANA), ORDERS)
    body = page(order("6001", int(ANA), note=f"n {ANA}"), order("6002", "7009999999999")).body
    [first, second] = json.loads(eraser.body(body))["rows"]
    assert first["customer"] == {
        "id": "gid://shop/Customer/erased-a",
        "legacyResourceId": "erased-a",
    }
    assert first["note"] == "n erased-a"
    assert first["legacyResourceId"] == "6001"
    assert second == json.loads(body)["rows"][1]


def test_a_page_without_anybody_is_the_very_same_object() -> None:
    given = page(order("6001", "7009999999999"))
    assert PageEraser(listed(ANA), ORDERS).page(given) is given
    assert PageEraser(ErasedSubjects(), ORDERS).page(given) is given


def test_an_order_with_a_persons_number_keeps_it() -> None:
    body = page(order(ANA, ANA)).body
    [row] = json.loads(PageEraser(listed(ANA), ORDERS).body(body))["rows"]
    assert row["legacyResourceId"] == ANA
    assert row["customer"]["legacyResourceId"] == "erased-a"


def test_a_hashed_address_is_recognised_by_the_plain_one() -> None:
    body = page(customer("70", "ana@x.test"), customer("71", "bea@x.test")).body
    rows = json.loads(PageEraser(listed("ana@x.test"), CUSTOMERS).body(body))["rows"]
    assert [row["email"] for row in rows] == ["erased-a", hashed("bea@x.test")]


def test_a_whole_shop_gives_each_person_a_token_of_their_own() -> None:
    erased = ErasedSubjects(salt="salt", hash_key=KEY)
    body = page(order("6001", ANA), order("6002", "7009999999999"), order("6003", ANA)).body
    rows = json.loads(PageEraser(erased, ORDERS).body(body))["rows"]
    tokens = [row["customer"]["legacyResourceId"] for row in rows]
    assert tokens[0] == tokens[2] == salted_token("salt", ANA)
    assert tokens[1] != tokens[0]
    assert [row["legacyResourceId"] for row in rows] == ["6001", "6002", "6003"]
    again = page(order("6001", tokens[0]))
    assert PageEraser(erased, ORDERS).page(again) is again


def test_a_shops_texts_are_compared_with_its_hashes() -> None:
    eraser = ShopEraser({hashed("ana@x.test"): "A", hashed("+15550100999"): "B", ANA: "C"}, KEY)
    text = f"ana%40x.test, 15550100999, {ANA}, bea@x.test, 12345678"
    assert eraser.text(text) == "A, B, C, bea@x.test, 12345678"


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1.0, "b": -0.00, "c": 1e5, "d": [true, false, null], "e": {}}',
        '{"a": "\\ud800", "b": "\\u0000", "c": "\\"x\\"", "d": "\t"}',
        '{"a":\n  [ "x" ,\r\n {"b" : "é\\u00e9"} ] }',
        '{"a": "cut off in the mid',
        '{"a": {"b": [1, 2',
        '{"a": 1}\n{"a": 2}\n',
        "]}{[,:",
        "",
    ],
)
def test_an_edit_that_changes_nothing_leaves_every_byte(text: str) -> None:
    assert edit_json(text, lambda path, value: value) == text


def test_paths_are_the_keys_that_lead_to_a_value() -> None:
    seen = []

    def note(path: tuple[str, ...], value: str) -> str:
        seen.append((path, value))
        return value

    edit_json('{"a": [{"b": "1"}, {"b": 2}], "c": {"d": ["3", [4]]}, "e": "5"}', note)
    assert [item for item in seen if item[1].isdigit()] == [
        (("a", "b"), "1"),
        (("a", "b"), "2"),
        (("c", "d"), "3"),
        (("c", "d"), "4"),
        (("e",), "5"),
    ]


def test_a_number_becomes_a_text_and_escapes_stay() -> None:
    def edit(path: tuple[str, ...], value: str) -> str:
        return value.replace("7", "T")

    assert edit_json('{"a": 7, "b": "\\u00377 \\ud800", "7": 1}', edit) == (
        '{"a": "T", "b": "TT \\ud800", "T": 1}'
    )


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_json, st.booleans())
def test_any_document_is_walked_through_unchanged(document: object, ascii_only: bool) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only)
    assert edit_json(text, lambda path, value: value) == text
    values: list[str] = []
    edit_json(text, lambda path, value: values.append(value) or value)
    assert sorted(values) == sorted(_leaves(document))


def _leaves(value: object) -> list[str]:
    if isinstance(value, dict):
        return [leaf for k, v in value.items() for leaf in (k, *_leaves(v))]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [] if value is None or isinstance(value, bool) else [str(value)]


@pytest.mark.parametrize(
    ("topic", "payload", "problem"),
    [
        ("customers/redact", "[]", "no JSON object"),
        ("customers/redact", "{}", "no shop_domain"),
        ("customers/redact", '{"shop_domain": "x.test"}', "names no customer"),
        ("customers/redact", '{"shop_domain": "x.test", "data_request": {}}', "no payload of"),
        ("shop/redact", '{"shop_domain": "x.test", "customer": {"id": 1}}', "no payload of"),
    ],
)
def test_a_wrong_payload_names_file_and_problem(tmp_path, topic, payload, problem) -> None:
    path = tmp_path / "request.json"
    path.write_text(payload)
    with pytest.raises(BadRequest, match=problem) as failure:
        read_request(topic, path, KEY)
    assert str(path) in str(failure.value)


@pytest.mark.parametrize("cut", [0, 3])
@pytest.mark.parametrize(
    "before",
    [
        "\ufeff",
        'PHP Notice: "x" in line 3\n',
        "<br />\n",
        # Messages with brackets and odd quotes, as var_dump and a parser's complaints have them.
        'PHP Warning: Syntax error near {"size in /srv/x.php on line 3\n',
        'array(1) {\n  ["size"]=>\n  string(2) "5""\n}\n',
        "Deprecated: [[\" in {closure}\n{'a': [\"\n",
        '{"debug": [1, 2]} took 5" more\n',
    ],
)
def test_what_a_server_writes_before_its_json_is_passed_over(before: str, cut: int) -> None:
    eraser = PageEraser(listed("17"), ORDERS)
    body = page(order("6001", "17", note="17 pieces"), order("6002", "18")).body
    found = eraser.body(before.encode() + body[: len(body) - cut]).decode()
    assert found.startswith(before)
    [row, other] = json.loads(found.removeprefix(before) + body[len(body) - cut :].decode())["rows"]
    assert row["customer"]["legacyResourceId"].startswith("erased-")
    assert row["note"] == "17 pieces"
    assert other["customer"]["legacyResourceId"] == "18"
    # Without anybody of the list in it, the page stays what it was.
    nobody = before.encode() + page(order("6002", "18")).body
    assert eraser.body(nobody) is nobody


def test_lines_of_json_behind_a_broken_one_are_searched_too() -> None:
    eraser = PageEraser(listed("17"), ORDERS)
    line = json.dumps(order("6001", "17"))
    text = f'broken "line\n{line}\n{line}\n{line}\n'
    assert '"legacyResourceId": "17"' not in eraser.text(text)
    assert eraser.text(text).count("erased-") == 3


def test_hashes_are_found_in_a_format_without_keys() -> None:
    body = f"id,email\n1,{hashed('ana@x.test')}\n2,{hashed('bea@x.test')}\n".encode()
    erased = PageEraser(listed("ana@x.test"), CUSTOMERS).body(body).decode()
    assert erased == f"id,email\n1,erased-a\n2,{hashed('bea@x.test')}\n"


def test_brackets_in_a_cell_make_no_json_of_a_csv_file() -> None:
    stream = replace(CUSTOMERS, decode=bytes)
    row = f'"say {{{{name}}}} or [""x""]",{hashed("ana@x.test")}\r\n'
    body = f"comment,customer_email\r\n{row}5 inch,{hashed('bea@x.test')}\r\n".encode()
    erased = PageEraser(listed("ana@x.test"), stream).body(body).decode()
    assert erased == body.decode().replace(hashed("ana@x.test"), "erased-a")
    # Lines of JSON from the same folder have keys.
    line = msgspec.json.encode({"email": hashed("ana@x.test"), "note": "{{"})
    found = PageEraser(listed("ana@x.test"), stream).body(line + b"\n")
    assert json.loads(found) == {"email": "erased-a", "note": "{{"}


def test_a_number_in_a_page_gives_way_to_a_number() -> None:
    def edit(path: tuple[str, ...], value: str) -> str:
        return "-5" if value == "17" else value

    assert edit_json('{"a": 17, "b": "17", "c": [17]}', edit) == '{"a": -5, "b": "-5", "c": [-5]}'
