"""Where a card's JSON is found, and what is refused on the way there."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from card_files import V1, V2, V3, charx, chunk, encoded, png

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.importers import container
from npc_engine.importers.container import parse_card, read_card


def refusal(raw: bytes) -> str:
    with pytest.raises(NpcError) as caught:
        parse_card(raw)
    assert caught.value.code is ErrorCode.CARD_INVALID
    return caught.value.message


@pytest.mark.parametrize(
    ("raw", "card"),
    [
        (json.dumps(V1).encode(), V1),
        (b"\xef\xbb\xbf" + json.dumps(V2, ensure_ascii=False).encode(), V2),
        (png(chara=encoded(V1)), V1),
        (png(Chara=encoded(V2)), V2),
        (png(chara=encoded(V2), ccv3=encoded(V3)), V3),
        (png(ccv3=encoded(V3), chara=encoded(V2)), V3),
        (charx(V3), V3),
        (charx(V3, method=zipfile.ZIP_STORED), V3),
    ],
)
def test_every_container_is_known_by_its_first_bytes(raw: bytes, card: object) -> None:
    found = parse_card(raw)
    assert found.data == card
    assert found.notes == []


def test_a_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "card.jpeg"
    path.write_bytes(png(chara=encoded(V1)))
    assert read_card(path).data == V1


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(NpcError, match="cannot be read") as caught:
        read_card(tmp_path / "none.png")
    assert caught.value.code is ErrorCode.CARD_INVALID


def test_line_breaks_in_base64_are_allowed() -> None:
    text = encoded(V1)
    assert parse_card(png(chara=text[:76] + b"\r\n" + text[76:] + b"\n")).data == V1


def test_a_wrong_checksum_is_remarked_on() -> None:
    raw = bytearray(png(chara=encoded(V1)))
    at = raw.index(b"IDAT") - 8  # the checksum of the chunk before
    raw[at] ^= 0xFF
    found = parse_card(bytes(raw))
    assert found.data == V1
    assert found.notes == ["The checksum of the PNG's `chara` text is wrong; it was read all the same."]


def test_of_two_cards_in_one_picture_the_first_is_read() -> None:
    second = chunk(b"tEXt", b"chara\0" + encoded(V2))
    picture = png(chara=encoded(V1))
    end = picture.index(b"IDAT") - 4
    found = parse_card(picture[:end] + second + picture[end:])
    assert found.data == V1
    assert found.notes == ["The PNG has 2 `chara` texts; the first was read."]


def huge_length() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"\xff\xff\xff\xfftEXtchara\0" + encoded(V1)


def encrypted() -> bytes:
    raw = bytearray(charx(V3))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + offset] |= 1
    return bytes(raw)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "malformed"),
        (b"[]", "no object"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "malformed"),
        (b'{"a":' * 100_000, "malformed"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, "nested more than 64"),
        (json.dumps(V1).encode("utf-16"), "no UTF-8 text"),
        (b"\xff\xd8\xff\xe0 JFIF", "no UTF-8 text"),
        (png(), "holds no character card"),
        (png(comment=b"hello"), "holds no character card"),
        (png(chara=b"@@@"), "not Base64"),
        (png(chara=encoded(V1)[:-3]), "not Base64"),
        (png(chara=b"bm8="), "malformed"),
        (png(chara=encoded(V1))[:-20], "in the middle of a chunk"),
        (huge_length(), "in the middle of a chunk"),
        (charx(V3, name="other.json"), "no card.json at its root"),
        (charx(V3, name="folder/card.json"), "no card.json at its root"),
        (charx(V3, method=zipfile.ZIP_LZMA), "packed in a way"),
        (encrypted(), "encrypted"),
        (charx(V3)[:-30], "archive is damaged"),
        (charx(V3)[:200], "archive is damaged"),
    ],
)
def test_what_is_no_card_is_refused_with_the_reason(raw: bytes, message: str) -> None:
    assert message in refusal(raw)


def test_a_file_too_large_is_refused() -> None:
    assert "larger than 32 MiB" in refusal(b" " * (limits.CARD_BYTES + 1))


def test_text_too_large_is_refused() -> None:
    assert "larger than 8 MiB" in refusal(b" " * (limits.CARD_EXPANDED_BYTES + 1))
    assert "larger than 8 MiB" in refusal(png(chara=b"A" * (limits.CARD_EXPANDED_BYTES * 3 // 2 + 4)))


def test_a_bomb_is_not_unpacked() -> None:
    bomb = charx(b" " * (limits.CARD_EXPANDED_BYTES * 4))
    assert len(bomb) < 100_000
    assert "larger than 8 MiB" in refusal(bomb)


def test_a_bomb_that_lies_about_its_size_is_not_unpacked() -> None:
    size = limits.CARD_EXPANDED_BYTES * 4
    bomb = charx(b" " * size).replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert refusal(bomb)


def test_an_archive_of_countless_files_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "ARCHIVE_ENTRIES", 3)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(4):
            archive.writestr(f"{number}", "")
    assert "more than 3 files" in refusal(buffer.getvalue())
