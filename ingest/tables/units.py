"""Parts a cell into its number and its unit: `12 kg`, `EUR 1.200,50`, `$5`, `35 %`, `100元`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_SAME = {
    "€": "EUR",
    "$": "USD",
    "US$": "USD",
    "£": "GBP",
    "％": "%",
    "￥": "¥",
    "Euro": "EUR",
    "percent": "%",
    "prozent": "%",
}
_CODES = "EUR|USD|GBP|CHF|CNY|RMB|JPY|SEK|NOK|DKK|PLN|CZK|HUF|CAD|AUD|INR|KRW|HKD|SGD|US\\$"
# Short enough to be written without a space, and common enough not to be the letter of a model (12A).
_CLOSE = (
    "kg|g|mg|µg|t|km|m|cm|mm|µm|nm|km²|m²|cm²|m³|l|L|ml|kWh|MWh|GWh|kW|MW|GW|W|V|Hz|kHz|MHz|GHz|KB|MB|GB|TB|kB|KiB|MiB|GiB|"
    f"h|min|s|ms|px|pt|bar|hPa|dB|{_CODES}"
)
_NUMBER = r"[(+\-−–]? ?[0-9.,][0-9.,'’ \u00a0\u2009\u202f]*[)]?"
_PREFIXED = re.compile(rf"([+\-−–]?)\s?({_CODES}|[€$£¥￥₹])\s?({_NUMBER})")
_SCALE = "Tsd|Mio|Mrd|Bio|thousand|million|billion|trillion|Millionen|Milliarden"
_SUFFIXED = re.compile(
    rf"({_NUMBER})(?:\s?([€$£¥￥₹%％‰]|°[A-Z]?|[\u4e00-\u9fff]{{1,4}}|{_CLOSE})"
    rf"|\s((?:(?:{_SCALE})\.?\s)?(?:[€$£¥]|[^\W\d_][²³./·\w-]{{0,14}})))"
)
_IN_HEADER = re.compile(rf"(?:[(\[]|\bin )\s*([€$£¥%°‰][A-Z]?|{_CLOSE})\s*[)\]]?\s*$")
_KNOWN = re.compile(rf"[^\w\s]|°[A-Z]?|[\u4e00-\u9fff]{{1,4}}|{_CLOSE}")
_LONGEST = 60  # characters of a cell with a number and a unit


@dataclass(frozen=True, slots=True)
class Measured:
    """The numbers of a column as text, still in its way of writing, and the unit that they share."""

    numbers: Sequence[str]
    unit: str


def part_units(cells: Sequence[str]) -> Measured | None:
    """The cells parted; None unless they share one unit. A few may lack it: people leave it out at zeros."""
    numbers: list[str] = []
    units: set[str] = set()
    bare = 0
    for cell in cells:
        number, unit = _part(cell)
        numbers.append(number)
        if unit is None:
            bare += 1
        else:
            units.add(unit)
        if len(units) > 1 or 2 * bare >= len(cells):
            return None
    # One cell alone may be anything: 10 Downing
    if not units or (len(cells) == 1 and not any(_KNOWN.fullmatch(unit) for unit in units)):
        return None
    return Measured(numbers, units.pop())


def unit_of_header(header: str) -> str | None:
    """The unit that a header states: `Weight (kg)`, `Preis in EUR`, `Share [%]`, `unit_price_eur`."""
    if found := _IN_HEADER.search(header):
        return _SAME.get(found.group(1), found.group(1))
    last = re.split(r"[\s_]", header)[-1]
    return _SAME.get(last.lower()) or (last.upper() if re.fullmatch(_CODES, last.upper()) else None)


def _part(cell: str) -> tuple[str, str | None]:
    text = cell.strip()
    if len(text) > _LONGEST:
        return text, None
    if found := _PREFIXED.fullmatch(text):
        sign, unit, number = found.groups()
        return f"{sign}{number.strip()}", _SAME.get(unit, unit)
    if found := _SUFFIXED.fullmatch(text):
        number, close, apart = found.groups()
        unit = close or apart
        return number.strip(), _SAME.get(unit, unit)
    return text, None
