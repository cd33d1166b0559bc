"""The page as files: what can be checked without a browser, above all what its content security policy would refuse."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "app" / "web"
PAGES = sorted(WEB.glob("*.html"))
PAGE = (WEB / "index.html").read_text(encoding="utf-8")
SCRIPTS = sorted(WEB.glob("*.js"))
STYLES = sorted(WEB.glob("*.css"))
ALL = [path for path in sorted(WEB.iterdir()) if path.is_file()]

VOID = {"meta", "link", "img", "input", "br", "hr", "use"}
SVG_NAMESPACE = "http://www.w3.org/2000/svg"


@dataclass
class Tag:
    """An element of the page with the text inside it."""

    name: str
    attributes: dict[str, str | None]
    line: int
    text: str = ""
    is_in_label: bool = False


class Page(HTMLParser):
    """Collects the elements of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[Tag] = []
        self._open: list[Tag] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        inside_label = any(parent.name == "label" for parent in self._open)
        found = Tag(tag, dict(attrs), self.getpos()[0], is_in_label=inside_label)
        self.tags.append(found)
        if tag not in VOID:
            self._open.append(found)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open, f"line {self.getpos()[0]}: </{tag}> closes nothing"
            assert self._open[-1].name == tag, f"line {self.getpos()[0]}: </{tag}> closes <{self._open[-1].name}>"
            self._open.pop()

    def handle_data(self, data: str) -> None:
        for parent in self._open:
            parent.text += data


def parse(text: str) -> list[Tag]:
    page = Page()
    page.feed(text)
    page.close()
    return page.tags


@pytest.fixture(scope="module")
def tags() -> list[Tag]:
    return parse(PAGE)


def ids(tags: list[Tag]) -> list[str]:
    return [tag.attributes["id"] or "" for tag in tags if "id" in tag.attributes]


def without_block_comments(path: Path) -> str:
    return re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def imports(path: Path) -> Iterator[tuple[list[str], str]]:
    form = r"^import \{([^}]*)\} from \"\./([^\"]+)\";$"
    for names, module in re.findall(form, path.read_text("utf-8"), re.MULTILINE):
        yield [name.strip() for name in names.split(",") if name.strip()], module


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_script_style_or_handler_is_inline(path: Path) -> None:
    for tag in parse(path.read_text("utf-8")):
        assert tag.name != "style", f"line {tag.line}: a style element"
        assert tag.name != "script" or tag.attributes.get("src"), f"line {tag.line}: a script without src"
        assert tag.name != "script" or not tag.text.strip(), f"line {tag.line}: code inside a script element"
        refused = [name for name in tag.attributes if name == "style" or name.startswith("on")]
        assert not refused, f"line {tag.line}: <{tag.name} {refused}>"
        targets = [tag.attributes.get(name) or "" for name in ("href", "src", "action")]
        assert not any(target.lstrip().lower().startswith("javascript:") for target in targets), f"line {tag.line}"


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_no_file_refers_to_another_host(path: Path) -> None:
    text = without_block_comments(path).replace(SVG_NAMESPACE, "")
    assert not re.search(r"(https?|wss?):|[\"'(]//", text)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_turns_text_into_markup_or_code(path: Path) -> None:
    text = without_block_comments(path)
    forbidden = (
        r"\b(innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|srcdoc|createContextualFragment|DOMParser)\b",
        r"\bdocument\.write",
        r"\beval\b|\bnew Function\b",
        r"\bset(Timeout|Interval)\(\s*[\"'`]",
        r"[\"']style[\"']",  # a style attribute; properties set through element.style are allowed
        r"\bimport\(",
    )
    for pattern in forbidden:
        assert not re.search(pattern, text), pattern


def test_everything_the_page_loads_exists(tags: list[Tag]) -> None:
    targets = [tag.attributes.get(name) or "" for tag in tags for name in ("href", "src")]
    assets = [target.partition("#")[0] for target in targets if target not in ("", "/") and not target.startswith("#")]
    assert assets
    for asset in assets:
        assert asset.startswith("/assets/"), asset
        assert (WEB / asset.removeprefix("/assets/")).is_file(), asset


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_imported_name_is_exported_where_it_is_imported_from(path: Path) -> None:
    statements = re.findall(r"^import\b", path.read_text("utf-8"), re.MULTILINE)
    found = list(imports(path))
    assert len(found) == len(statements), "an import in a form this test cannot read"
    for names, module in found:
        source = (WEB / module).read_text("utf-8")
        for name in names:
            assert re.search(rf"^export (async )?(function\*?|class|const) {name}\b", source, re.MULTILINE), name
            assert len(re.findall(rf"\b{name}\b", path.read_text("utf-8"))) > 1, f"{name} is imported and not used"


def test_every_script_style_and_picture_is_used() -> None:
    reached: set[str] = set()
    pending = re.findall(r"/assets/([\w.-]+)", "".join(path.read_text("utf-8") for path in PAGES))
    while pending:
        name = pending.pop()
        if name in reached:
            continue
        reached.add(name)
        if name.endswith(".js"):
            pending += [module for _, module in imports(WEB / name)]
    assert {path.name for path in ALL} == reached | {path.name for path in PAGES}


def test_every_icon_is_in_the_sprite() -> None:
    drawn = set(re.findall(r"<symbol id=\"([\w-]+)\"", (WEB / "icons.svg").read_text("utf-8")))
    used = set(re.findall(r"icons\.svg#([\w-]+)", PAGE))
    for path in SCRIPTS:
        used |= set(re.findall(r"\bicon\(\"([\w-]+)\"\)", path.read_text("utf-8")))
    used |= set(re.findall(r"#showButton\(\"([\w-]+)\"", (WEB / "uploads.js").read_text("utf-8")))
    assert used == drawn


def test_ids_are_unique_and_every_id_that_is_looked_up_exists(tags: list[Tag]) -> None:
    known = ids(tags)
    assert len(known) == len(set(known))
    on_any_page = {name for page in PAGES for name in ids(parse(page.read_text("utf-8")))}
    for path in SCRIPTS:
        for name in re.findall(r"\b(?:byId|getElementById)\(\"([\w-]+)\"\)", path.read_text("utf-8")):
            assert name in on_any_page, f"{path.name} looks for #{name}"
    for tag in tags:
        for attribute in ("for", "aria-labelledby", "aria-describedby"):
            for name in (tag.attributes.get(attribute) or "").split():
                assert name in known, f"line {tag.line}: {attribute}={name}"


def test_every_field_has_a_label(tags: list[Tag]) -> None:
    labels = {tag.attributes.get("for") for tag in tags if tag.name == "label" and tag.text.strip()}
    fields = [tag for tag in tags if tag.name in ("input", "select", "textarea")]
    assert fields
    for tag in fields:
        named = tag.is_in_label or tag.attributes.get("aria-label") or tag.attributes.get("id") in labels
        assert named, f"line {tag.line}: <{tag.name}> without a label"


def test_every_button_says_what_it_does(tags: list[Tag]) -> None:
    written_by_script = {"confirm-yes"}
    for tag in tags:
        if tag.name == "button" and tag.attributes.get("id") not in written_by_script:
            assert tag.text.strip() or tag.attributes.get("aria-label"), f"line {tag.line}: a button without a name"
        if tag.name == "img":
            assert "alt" in tag.attributes, f"line {tag.line}: a picture without alt"


def test_progress_and_answers_are_announced(tags: list[Tag]) -> None:
    announcer = next(tag for tag in tags if tag.attributes.get("id") == "announcer")
    assert announcer.attributes.get("aria-live") == "polite"
    banner = next(tag for tag in tags if tag.attributes.get("id") == "banner")
    assert banner.attributes.get("role") == "status"


def test_the_page_respects_how_the_person_wants_it() -> None:
    styles = "".join(path.read_text("utf-8") for path in STYLES)
    assert "prefers-reduced-motion: reduce" in styles
    assert ":focus-visible" in styles
    assert "color-scheme: light dark" in styles


def test_every_colour_and_measure_that_is_used_is_defined() -> None:
    styles = "".join(path.read_text("utf-8") for path in STYLES)
    defined = set(re.findall(r"^\s*(--[\w-]+):", styles, re.MULTILINE))
    for path in SCRIPTS:
        defined |= set(re.findall(r"setProperty\(\"(--[\w-]+)\"", path.read_text("utf-8")))
    assert set(re.findall(r"var\((--[\w-]+)", styles)) == defined
