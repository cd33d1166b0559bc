from pathlib import Path

import pytest

from ingest.parsing.encoding import decode, open_text

_SIMPLIFIED = "软件工程是一门研究用工程化方法构建和维护有效的、实用的和高质量的软件的学科。它涉及程序设计语言、数据库。"
_TRADITIONAL = "軟體工程是一門研究用工程化方法構建和維護有效的、實用的和高質量的軟體的學科。它涉及程式設計語言。"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (_SIMPLIFIED, "utf-8"),
        (_SIMPLIFIED, "utf-8-sig"),
        (_SIMPLIFIED, "utf-16"),
        (_SIMPLIFIED, "utf-16-le"),
        (_SIMPLIFIED, "utf-16-be"),
        (_SIMPLIFIED, "utf-32"),
        (_SIMPLIFIED, "gb18030"),
        (_SIMPLIFIED, "gbk"),
        (_TRADITIONAL, "big5"),
        (_TRADITIONAL, "gb18030"),
        ("姓名,城市\n张三,北京\n李四,上海\n", "gb18030"),
        ("你好，世界", "gb18030"),
        ("你好，世界", "big5"),
        ("ソフトウェア工学は、ソフトウェアの開発・運用・保守に対して", "shift_jis"),
        ("소프트웨어 공학은 소프트웨어의 개발, 운용", "euc_kr"),
        ("Le développement logiciel à l'été : naïve façade, « élève » où ça coûte", "latin-1"),
        ("Die Größe der Straße überrascht: schöne Grüße aus Köln.", "latin-1"),
        ("It’s “quoted” – really, 30 €", "cp1252"),
        ("naïve", "latin-1"),
        ("café", "latin-1"),
        ("Ångström", "latin-1"),
        ("Программная инженерия - приложение систематического подхода", "cp1251"),
        ("plain text", "utf-16-le"),
        ("plain text", "utf-16-be"),
        ("plain text", "ascii"),
        ("", "ascii"),
    ],
)
def test_text_reads_the_same_in_whatever_encoding_it_was_written(text: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(text.encode(encoding))

    assert decode(text.encode(encoding)) == text
    with open_text(path) as file:
        assert file.read() == text


def test_accents_far_behind_the_start_are_found(tmp_path: Path) -> None:
    text = "a line of plain text\n" * 100_000 + "Résumé déjà vu, où ça se passe\n"
    path = tmp_path / "text.txt"
    path.write_bytes(text.encode("latin-1"))

    with open_text(path) as file:
        assert file.read() == text


def test_a_wrong_byte_in_utf_8_spoils_only_itself() -> None:
    content = ("déjà vu " * 20).encode() + b"\xff" + " et après".encode()

    assert decode(content) == "déjà vu " * 20 + "\ufffd et après"


def test_utf_8_that_ends_inside_a_character_is_still_utf_8() -> None:
    assert decode(_SIMPLIFIED.encode()[:-1]) == _SIMPLIFIED[:-1] + "\ufffd"
