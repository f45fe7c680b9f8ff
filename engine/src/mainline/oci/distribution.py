"""A repository of a registry: blobs and manifests by the OCI distribution specification 1.1."""

import hashlib
import http.client
import re
import urllib.parse
from collections.abc import Callable
from pathlib import Path

from mainline.oci import access
from mainline.oci.access import Access, Answer, Body, RegistryError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
MOST_MANIFEST = 4 * 2**20
"""Bytes of a manifest; the specification lets registries refuse larger ones."""
_HERE = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?")


class Repository:
    """One repository, such as `ghcr.io/owner/model`; on this machine, or with `http://` in front, without TLS."""

    def __init__(self, address: str) -> None:
        self.name = address.removeprefix("http://")
        host, _, self.path = self.name.partition("/")
        plain = address != self.name or _HERE.fullmatch(host)
        self.access = Access(f"{'http' if plain else 'https'}://{host}")

    def manifest(self, reference: str) -> bytes | None:
        """Return the manifest of a tag or a digest; None if there is none.

        Raises:
            RegistryError: when the registry does not answer, or gives something else than the digest says.
        """
        answer = self.access.ask("GET", self._url("manifests", reference), headers={"Accept": MANIFEST})
        if answer.status == http.client.NOT_FOUND:
            answer.close()
            return None
        self._expect(answer, http.client.OK, f"manifest {reference}")
        content = self._read(answer, MOST_MANIFEST, f"manifest {reference}")
        if reference.startswith("sha256:") and digest(content) != reference:
            raise RegistryError(f"{self.name} gives another manifest than {reference} says.")
        return content

    def has_blob(self, name: str) -> bool:
        """Whether a blob is there."""
        answer = self.access.ask("HEAD", self._url("blobs", name))
        answer.close()
        if answer.status == http.client.NOT_FOUND:
            return False
        self._expect(answer, http.client.OK, f"blob {name}")
        return True

    def send_blob(self, name: str, body: Callable[[], Body], size: int) -> None:
        """Send a blob; the registry holds it against its name, and has it whole or not at all.

        Raises:
            RegistryError: when the registry does not take it.
        """
        begun = self.access.ask("POST", self._url("blobs", "uploads/"), lambda: b"", {"Content-Length": "0"})
        self._expect(begun, http.client.ACCEPTED, "uploads")
        begun.close()
        place = begun.headers.get("Location", "")
        address = f"{place}{'&' if '?' in place else '?'}{urllib.parse.urlencode({'digest': name})}"
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        sent = self.access.ask("PUT", address, body, headers)
        if sent.status == http.client.REQUEST_ENTITY_TOO_LARGE:
            raise RegistryError(f"{self.name} refuses a file of {size} bytes as too large (413).")
        self._expect(sent, http.client.CREATED, f"blob {name}")
        sent.close()

    def send_manifest(self, content: bytes, reference: str) -> None:
        """Send a manifest under a tag, which names it from now on; its blobs must be there.

        Raises:
            RegistryError: when the registry does not take it.
        """
        answer = self.access.ask("PUT", self._url("manifests", reference), lambda: content, {"Content-Type": MANIFEST})
        self._expect(answer, http.client.CREATED, f"manifest {reference}")
        answer.close()

    def fetch_blob(self, name: str, size: int, target: Path) -> None:
        """Write a blob into a new file, held against its name and size while it arrives.

        Raises:
            RegistryError: when the registry does not give it, or gives more, less or something else.
        """
        answer = self.access.ask("GET", self._url("blobs", name))
        if answer.status == http.client.NOT_FOUND:
            raise RegistryError(f"{self.name} lacks blob {name}, which its manifest names.")
        self._expect(answer, http.client.OK, f"blob {name}")
        hashed, arrived = hashlib.sha256(), 0
        try:
            with answer, target.open("xb") as file:
                for piece in access.read(self.access, answer, size):
                    hashed.update(piece)
                    arrived += len(piece)
                    if arrived > size:
                        raise RegistryError(f"{self.name} gives more of {name} than its {size} bytes: it is too large.")
                    file.write(piece)
        except http.client.HTTPException as error:
            raise RegistryError(f"{self.name} ended within blob {name} ({arrived} of {size} bytes).") from error
        except TimeoutError as error:
            raise RegistryError(f"{self.name} fell silent within blob {name} ({arrived} of {size} bytes).") from error
        if arrived < size:
            raise RegistryError(f"{self.name} ended within blob {name} ({arrived} of {size} bytes).")
        if f"sha256:{hashed.hexdigest()}" != name:
            raise RegistryError(f"{self.name} gives another content of blob {name} than its digest says.")

    def _url(self, kind: str, reference: str) -> str:
        return f"/v2/{self.path}/{kind}/{reference}"

    def _read(self, answer: Answer, most: int, what: str) -> bytes:
        try:
            with answer:
                content = b"".join(access.read(self.access, answer, most))
        except (OSError, http.client.HTTPException) as error:
            raise RegistryError(f"{self.name} ended within {what}.") from error
        if len(content) > most:
            raise RegistryError(f"{self.name} gives more of {what} than the {most} bytes that one may have.")
        return content

    def _expect(self, answer: Answer, status: int, what: str) -> None:
        if answer.status != status:
            raise RegistryError(f"{self.name} refuses {what} ({self.access.refusal(answer)}).")


def digest(content: bytes) -> str:
    """Return the name of a content in a registry."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
