"""A version's card: the one that was published with its evidence, or else what people declared at its commit."""

import json
import mimetypes
from collections.abc import Iterator

import yaml

from mainline import plain_yaml
from mainline.declared import card as declared
from mainline.package import statement
from mainline.report.escape import hypertext, hypertext_prose
from mainline.repository import tree
from mainline.repository.git import blob
from mainline.site.frame import link
from mainline.site.frame import section as titled
from mainline.site.output import Page, stored
from mainline.site.prose import render
from mainline.site.record import Record

CARD = "README.md"
_FRONT = "---\n"
"""Between two of these a card of the hub has data for programs."""


def files(version: str, pack: str) -> Iterator[Page]:
    """Yield the files of a version's evidence as they were published, to be taken from the site."""
    for name, entry in _files(pack).items():
        yield stored(f"versions/{version}/{name}", entry)


def section(version: str, record: Record) -> str:
    """Return the card, and the evidence, as a part of a version's page."""
    pack = record.packs.get(version, "")
    found = _files(pack) if pack else {}
    parts = []
    if CARD in found:
        text = (blob(found[CARD]) or b"").decode("utf-8", errors="replace")
        parts.append(f'<section class="prose">\n<h2>Card</h2>\n{_published(text)}</section>')
    else:
        parts.append(titled("Card", _declared(record.tagged[version].commit)))
    if found:
        items = "".join(f"<li>{link(name, f'{version}/{name}')}</li>" for name in found)
        signed = "signed; not verified here" if statement.SIGNED in found else "not signed"
        parts.append(titled("Evidence", f"<p>As it was published, {signed}.</p><ul>{items}</ul>"))
    return "\n".join(parts)


def _files(pack: str) -> dict[str, str]:
    """Name the plain files of a pack that a browser may show or save; what else is there is left out."""
    entries = tree.entries(pack)
    plain = {name: entry.blob for name, entry in entries.items() if entry.mode in ("100644", "100755")}
    return {name: content for name, content in plain.items() if _is_plain(name)}


def _is_plain(name: str) -> bool:
    kind = mimetypes.guess_type(name)[0] or ""
    safe = name.isascii() and name.replace(".", "").replace("-", "").replace("_", "").isalnum() and name[0] != "."
    return safe and (name.endswith((".json", ".md", ".txt")) or kind == "application/json")


def _published(text: str) -> str:
    body = text.removeprefix(_FRONT).partition(f"\n{_FRONT}")[2] if text.startswith(_FRONT) else text
    return render(body, lambda _: "", lambda _: "", below=2).html


def _declared(commit: str) -> str:
    """List what `src/usecase/card.yaml` said at a commit."""
    try:
        content = plain_yaml.load(blob(f"{commit}:{declared.FILE}") or b"")
    except (yaml.YAMLError, ValueError):
        content = None
    said = {name: value for name, value in content.items() if value} if isinstance(content, dict) else {}
    remedy = '<p class="soft">The whole card comes with <code>./mainline evidence VERSION --publish</code>.</p>'
    if not said:
        return f"<p>Nobody said anything in <code>{declared.FILE}</code>.</p>{remedy}"
    rows = "".join(
        f'<tr><th scope="row"><bdi>{hypertext(str(name).replace("_", " "))}</bdi></th><td>{_shown(value)}</td></tr>'
        for name, value in said.items()
    )
    return f'<div class="scroll"><table class="words"><tbody>{rows}</tbody></table></div>{remedy}'


def _shown(value: object) -> str:
    if isinstance(value, list):
        return f"<ul>{''.join(f'<li>{_shown(one)}</li>' for one in value)}</ul>"
    if isinstance(value, dict):
        return "; ".join(f"{hypertext(str(name))}: {_shown(one)}" for name, one in value.items())
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f"<bdi>{hypertext_prose(words)}</bdi>"
