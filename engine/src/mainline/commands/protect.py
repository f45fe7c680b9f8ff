"""Print the protection of branch and tags, or apply it."""

import argparse

from mainline.github import protection


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--storage", action="store_true", help="require the check of the shared storage, too")
    parser.add_argument(
        "--deploy-key", action="store_true", help="let only it and maintainers make the registry's tags"
    )
    parser.add_argument("--apply", action="store_true", help="put it in force, with the token GITHUB_TOKEN")


def run(arguments: argparse.Namespace) -> str:
    """Print the requests to GitHub, or make them."""
    return protection.protect(arguments.apply, arguments.storage, arguments.deploy_key)
