"""The stand-in is held to GitHub's own description, and the description is seen to refuse."""

import pytest

from mainline.github import api
from mainline.github.api import ApiError
from tests.github import conform
from tests.github.conform import NonconformError
from tests.github.repository import FULL, OPERATIONS, Repository
from tests.github.standin import GitHub

HOME = f"/repos/{FULL}"


@pytest.mark.parametrize("template", OPERATIONS)
def test_every_operation_is_one_that_github_describes(template: str) -> None:
    """What the stand-in answers, GitHub's description has, and the least that it fills in conforms."""
    path = template.replace("{owner}/{repo}", FULL)
    for name in ("issue_number", "pull_number", "run_id", "comment_id", "release_id", "asset_id", "deployment_id"):
        path = path.replace(f"{{{name}}}", "1")
    path = path.replace("{ruleset_id}", "1").replace("{username}", "you")
    described = 0
    for method in ("GET", "POST", "PATCH", "PUT"):
        try:
            _, operation = conform.find(method, path)
        except NonconformError:
            continue
        described += 1
        status = next(int(code) for code in operation["answers"] if code.startswith("2"))
        conform.check_answer(method, path, status, conform.answer(method, path, status, None))
    assert described


REFUSED = {
    "not an operation": ("GET", f"{HOME}/secrets", {}, None),
    "knows no parameter": ("GET", f"{HOME}/pulls", {"sorted": "yes"}, None),
    "knows no field": ("POST", f"{HOME}/issues/1/comments", {}, {"body": "x", "pin": True}),
    "required property": ("POST", f"{HOME}/issues/1/comments", {}, {}),
    "is not one of": ("POST", f"{HOME}/deployments/1/statuses", {}, {"state": "great"}),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_request_that_github_does_not_describe_is_refused(reason: str) -> None:
    """An unknown path, parameter, field, value, or a field that is missing, is named."""
    method, path, query, body = REFUSED[reason]
    with pytest.raises(NonconformError, match=reason):
        conform.check_request(method, path, query, body)


def test_an_answer_that_github_would_not_give_is_refused() -> None:
    """An answer without what GitHub always sends does not pass."""
    with pytest.raises(NonconformError, match="required property"):
        conform.check_answer("POST", f"{HOME}/issues/1/comments", 201, {"id": 1})


@pytest.mark.usefixtures("clone")
def test_lists_come_in_pages(github: GitHub) -> None:
    """More items than a page holds are all seen, each once."""
    github.repository.releases += [{"id": n, "tag_name": f"t{n}", "draft": False} for n in range(230)]
    seen = [release["tag_name"] for release in api.connect().pages("/releases")]
    assert seen == [f"t{n}" for n in range(230)]


@pytest.mark.usefixtures("clone")
def test_a_token_is_not_sent_to_where_files_are(github: GitHub) -> None:
    """GitHub redirects a download to a storage that refuses its token; the file arrives, so it was not sent."""
    repository: Repository = github.repository
    url = f"{github.url}/api/v3/repos/{FULL}/releases/assets/9"
    item = {"id": 9, "name": "x", "size": 3, "state": "uploaded", "url": url}
    repository.assets[9] = (1, item, b"abc")
    assert api.connect().download(url, 3) == b"abc"
    with pytest.raises(ApiError, match="more than 2 bytes"):
        api.connect().download(url, 2)


def test_plain_http_is_not_spoken() -> None:
    """An address that is not https is refused before anything is sent."""
    with pytest.raises(ApiError, match="only https"):
        api.Api(FULL, "http://127.0.0.1:9").ask("GET", "/pulls")


@pytest.mark.usefixtures("clone")
def test_a_request_that_does_not_conform_is_remembered(github: GitHub) -> None:
    """It is answered with 500 and kept, so that no test that does not look passes by it."""
    with pytest.raises(ApiError, match=r"500 .*required property"):
        api.connect().ask("POST", "/issues/1/comments", {})
    assert len(github.nonconform) == 1
    github.nonconform.clear()
