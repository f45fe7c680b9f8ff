"""A package index on this machine, with what a test puts on it, and the real uv."""

import contextlib
import hashlib
import http.server
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path


class PackageIndex:
    """The files of an index, served as pip and uv ask for them (the "simple" interface of PEP 503)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self.asked: list[str] = []
        self.held = threading.Event()
        self.held.set()

    def wheel(
        self, name: str, version: str, needs: str = "", extra: str = "", files: dict[str, str] | None = None
    ) -> str:
        """Put a wheel on the index and return its line for a lock."""
        stem = name.replace("-", "_")
        info = f"{stem}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        metadata += f"Requires-Dist: {needs}\n" if needs else ""
        metadata += f"Provides-Extra: {extra}\n" if extra else ""
        content = {
            **(files or {f"{stem}.py": f"VERSION = {version!r}\n"}), f"{info}/METADATA": metadata,
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }  # fmt: skip
        content[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in content) + f"{info}/RECORD,,\n"
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, text in content.items():
                archive.writestr(path, text)
        return self._put(name, f"{stem}-{version}-py3-none-any.whl", stream.getvalue(), version)

    def source(self, name: str, version: str, builder: str) -> str:
        """Put a source archive on the index that `builder` builds, and return its line for a lock."""
        project = f'[build-system]\nrequires = ["{builder}"]\nbuild-backend = "{builder}"\n'
        content = {
            "pyproject.toml": project, f"{name}.py": f"VERSION = {version!r}\n",
            "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        }  # fmt: skip
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w:gz") as archive:
            for path, text in content.items():
                member = tarfile.TarInfo(f"{name}-{version}/{path}")
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
        return self._put(name, f"{name}-{version}.tar.gz", stream.getvalue(), version)

    def uv(self, binary: Path, version: str) -> str:
        """Put a program on the index as uv's wheel, and return its line for a lock."""
        stream = io.BytesIO()
        info = f"uv-{version}.dist-info"
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            archive.write(binary, f"uv-{version}.data/scripts/uv")
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: uv\nVersion: {version}\n")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        return self._put("uv", f"uv-{version}-py3-none-any.whl", stream.getvalue(), version)

    def _put(self, name: str, file: str, content: bytes, version: str) -> str:
        path = self.folder / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(content).hexdigest()}\n"


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[PackageIndex]:
    """Serve an empty index on a free port until the block ends."""
    index = PackageIndex(folder)

    class Handler(http.server.SimpleHTTPRequestHandler):
        """Answers from the folder; waits as long as the index is held."""

        def __init__(self, *given: object, **more: object) -> None:
            super().__init__(*given, directory=str(folder), **more)  # type: ignore[arg-type]

        def do_GET(self) -> None:
            """Note what is asked for, and answer."""
            index.asked.append(self.path)
            if not self.path.endswith("/"):
                index.held.wait(60)
            super().do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        index.url = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield index
        finally:
            index.held.set()
            server.shutdown()
            thread.join()
