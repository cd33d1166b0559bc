"""Brings Office files saved as "Strict Open XML" into the transitional dialect, the only one that parsers know.

The two differ in the names of their namespaces and relationships (ISO/IEC 29500-1 and -4), which is all that reading
text depends on.
"""

import re
import zipfile
from io import BytesIO
from pathlib import Path

_STRICT_NAME = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
_TRANSITIONAL_NAME = rb"http://schemas.openxmlformats.org/\1/2006/"
_ROOT_RELATIONSHIPS = "_rels/.rels"


def transitional_copy(path: Path) -> BytesIO:
    """The Office file in memory, in the transitional dialect; raises zipfile.BadZipFile where it is damaged."""
    content = BytesIO(path.read_bytes())
    with zipfile.ZipFile(content) as archive:
        names = archive.namelist()
        if _ROOT_RELATIONSHIPS not in names or not _STRICT_NAME.search(archive.read(_ROOT_RELATIONSHIPS)):
            content.seek(0)
            return content
        copy = BytesIO()
        with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as translated:
            for name in names:
                part = archive.read(name)
                is_markup = name.endswith((".xml", ".rels"))
                translated.writestr(name, _STRICT_NAME.sub(_TRANSITIONAL_NAME, part) if is_markup else part)
    copy.seek(0)
    return copy
