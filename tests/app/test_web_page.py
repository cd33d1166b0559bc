"""The page as files: what can be checked without a browser, above all what its content security policy would refuse."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from app.main import ROUTERS
from app.schemas.ask import AskOptions
from retrieval.translation.strategies import STRATEGIES

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


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


TEXT_ON = {
    "ink": ["paper", "surface", "sunken"],
    "ink-soft": ["paper", "surface", "sunken"],
    "ink-faint": ["paper", "surface", "sunken"],
    "accent": ["paper", "surface", "sunken", "accent-soft"],
    "on-accent": ["accent", "accent-strong"],
    "danger": ["paper", "surface", "danger-soft"],
    "on-danger": ["danger"],
    "caution": ["paper", "surface", "caution-soft"],
    "on-mark": ["mark"],
}


@pytest.mark.parametrize("shade", [0, 1], ids=["light", "dark"])
def test_text_and_the_edges_of_fields_stand_out_enough(shade: int) -> None:
    pattern = r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)"
    named = re.findall(pattern, (WEB / "theme.css").read_text("utf-8"))
    colours = {name: shades[shade] for name, *shades in named}
    for text, grounds in TEXT_ON.items():
        for ground in grounds:
            assert contrast(colours[text], colours[ground]) >= 4.5, f"{text} on {ground}"
    for ground in ("paper", "surface"):
        assert contrast(colours["line-strong"], colours[ground]) >= 3, f"line-strong on {ground}"


def test_what_may_be_chosen_is_said_by_the_service_alone() -> None:
    properties = AskOptions.model_json_schema()["properties"]
    module = (WEB / "option_choices.js").read_text("utf-8")
    offered = re.findall(r"^  (\w+): \"", module, re.MULTILINE)
    assert len(offered) >= 5
    assert set(offered) <= set(properties)
    for name in offered:
        assert "default" in properties[name], f"{name} has no default to show"
        assert properties[name]["description"], f"{name} has no help"
    for allowed in ("quote", "tables", "graph", *STRATEGIES):
        written = [path.name for path in SCRIPTS if re.search(rf"[\"']{allowed}[\"']", path.read_text("utf-8"))]
        assert not written, f"{allowed} is written in {written}"


def test_the_page_asks_for_what_the_service_has() -> None:
    paths = {route.path for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)}
    patterns = [re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + "$") for path in paths]
    for path in SCRIPTS:
        for asked in re.findall(r"[\"`](/v1/[^\"`?]*)", path.read_text("utf-8")):
            target = re.sub(r"\$\{query\}$", "", asked)
            target = re.sub(r"\$\{[^}]+\}", "x", target)
            assert any(pattern.match(target) for pattern in patterns), f"{path.name} asks for {asked}"
