"""A Hugging Face hub on this machine, for tests: it keeps repositories in memory and speaks as the hub does."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from huggingface_hub import constants

NOBODY = "http://127.0.0.1:9"
"""An address without a server."""
TOKEN = "hf_test"  # noqa: S105 - of no real hub


def move_hub(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Set the address of the hub for this process and its children."""
    monkeypatch.setenv("HF_ENDPOINT", address)
    monkeypatch.setattr(constants, "ENDPOINT", address)
    template = f"{address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


def isolate_hub(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """Give this process and its children an empty cache, no token, and a hub that cannot be reached."""
    move_hub(monkeypatch, NOBODY)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("HF_HOME", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache / "hub"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(cache / "token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    for name in (
        "HF_TOKEN",
        "HUGGING_FACE_HUB_TOKEN",
        "HF_HUB_OFFLINE",
        "HF_HUB_CACHE",
        "HUGGINGFACE_HUB_CACHE",
    ):
        monkeypatch.delenv(name, raising=False)


@dataclass
class Repository:
    """A repository: its commits, the last one last, and the commits that branches and tags name."""

    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)

    def commit(self, files: dict[str, bytes], branch: str = "main") -> str:
        """Add files to a branch, and return the commit."""
        before = self.commits.get(self.refs.get(branch, ""), {})
        commit = hashlib.sha1(
            f"{len(self.commits)}{sorted(files)}".encode(), usedforsecurity=False
        ).hexdigest()
        self.commits[commit] = {**before, **files}
        self.refs[branch] = commit
        return commit

    def find(self, revision: str) -> str | None:
        """Return the commit of a revision."""
        return revision if revision in self.commits else self.refs.get(revision)


@dataclass
class Hub:
    """The hub: its repositories, and the requests so far, such as `GET /ours/unet/resolve/main/model.safetensors`."""

    repos: dict[str, Repository] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    address: str = ""
    sizes: dict[str, int] = field(default_factory=dict)
    """The sizes of files that the hub claims, by their names."""
    read_only: bool = False

    def add(self, repo: str, files: dict[str, bytes], **facts: Any) -> str:  # noqa: ANN401 - fields of Repository
        """Add files to a repository, and return the commit."""
        found = self.repos.setdefault(repo, Repository(**facts))
        return found.commit(files)

    def downloads(self) -> list[str]:
        """Return the files that were downloaded."""
        return [each.rpartition("/")[2] for each in self.requests if re.match("GET /.*/resolve/", each)]


@contextmanager
def serve_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Run a hub, at which this process and its children ask."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    hub.address = f"http://127.0.0.1:{server.server_port}"
    move_hub(monkeypatch, hub.address)
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        path = self._start()
        if found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._resolve(*found.groups())
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/(?:revision|tree)/([^/]+))?", path):
            self._describe(found[1], found[2] or "main", tree="/tree/" in path)
        else:
            self._refuse(404, "")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        path, body = self._start(), self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if path == "/api/validate-yaml":
            self._answer({"errors": [], "warnings": []})
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._refuse(401, "", "Invalid username or password.")
        elif self.hub.read_only:
            self._refuse(403, "", "You don't have the rights to create a model under the namespace ours")
        elif path == "/api/repos/create":
            self._create(json.loads(body))
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/(preupload|commit)/main", path):
            self._take(found[1], found[2], body)
        else:
            self._refuse(404, "")

    def _start(self) -> str:
        path = unquote(self.path.partition("?")[0]).replace("%2F", "/")
        self.hub.requests.append(f"{self.command} {path}")
        return self.path.partition("?")[0]

    def _find(self, name: str, revision: str) -> tuple[Repository, str] | None:
        repo = self.hub.repos.get(name)
        known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if repo is None or (repo.private and not known):
            self._refuse(401, "RepoNotFound", "Invalid username or password.")
        elif repo.gated:
            self._refuse(403, "GatedRepo", f"Access to model {name} is restricted")
        elif (commit := repo.find(unquote(revision))) is None:
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        else:
            return repo, commit
        return None

    def _resolve(self, name: str, revision: str, file: str) -> None:
        if (found := self._find(name, revision)) is None:
            return
        repo, commit = found
        content = repo.commits[commit].get(file)
        if content is None:
            self._refuse(404, "EntryNotFound", "Entry not found")
            return
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": commit}
        if file in self.hub.sizes:
            headers["X-Linked-Size"] = str(self.hub.sizes[file])
        self._send(200, content, headers)

    def _describe(self, name: str, revision: str, *, tree: bool) -> None:
        if (found := self._find(name, revision)) is None:
            return
        repo, commit = found
        files = repo.commits[commit]
        if tree:
            self._answer(
                [
                    {"type": "file", "path": file, "size": len(data), "oid": "0" * 40}
                    for file, data in files.items()
                ]
            )
        else:
            siblings = [{"rfilename": file} for file in files]
            self._answer({"id": name, "sha": commit, "private": repo.private, "siblings": siblings})

    def _create(self, wanted: dict[str, Any]) -> None:
        name = f"{wanted['organization']}/{wanted['name']}"
        if name in self.hub.repos:
            message = "You already created this model repo"
            self._refuse(409, "", message, url=f"{self.hub.address}/{name}")
            return
        private = bool(wanted.get("private")) or wanted.get("visibility") == "private"
        self.hub.repos[name] = Repository(private=private)
        self.hub.repos[name].commit({".gitattributes": b""})
        self._answer({"url": f"{self.hub.address}/{name}", "name": name, "id": name})

    def _take(self, name: str, step: str, body: bytes) -> None:
        if step == "preupload":
            paths = [file["path"] for file in json.loads(body)["files"]]
            modes = [{"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in paths]
            self._answer({"files": modes})
            return
        lines = [json.loads(line) for line in body.splitlines() if line]
        files = {
            line["value"]["path"]: base64.b64decode(line["value"]["content"])
            for line in lines
            if line["key"] == "file"
        }
        commit = self.hub.repos[name].commit(files)
        self._answer({"commitUrl": f"{self.hub.address}/{name}/commit/{commit}", "commitOid": commit})

    def _answer(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _refuse(self, status: int, code: str, message: str = "", **more: str) -> None:
        headers = {"X-Error-Code": code, "X-Error-Message": message}
        body = json.dumps({"error": message, **more}).encode()
        self._send(status, body, {name: value for name, value in headers.items() if value})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
