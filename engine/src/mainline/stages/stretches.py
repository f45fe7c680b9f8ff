"""Tasks divided among those who work: each has a stretch of neighbours, since work on one may save time on the next."""

from collections import deque
from collections.abc import Hashable, Sequence
from itertools import pairwise

from mainline.stages.tasks import Job


class Stretches:
    """The jobs that nobody has yet, by the one that they are to come to."""

    def __init__(self, jobs: Sequence[Job], owners: Sequence[Hashable]) -> None:
        cuts = [len(jobs) * place // len(owners) for place in range(len(owners) + 1)]
        self._jobs = {
            owner: deque(jobs[first:last]) for owner, (first, last) in zip(owners, pairwise(cuts), strict=True)
        }

    def __bool__(self) -> bool:
        return any(self._jobs.values())

    def next(self, owner: Hashable) -> Job | None:
        """Take the next job of an owner; one without any, or who is new, takes half of the longest stretch."""
        own = self._jobs.setdefault(owner, deque())
        if not own:
            longest = max(self._jobs.values(), key=len)
            for _ in range((len(longest) + 1) // 2):
                own.appendleft(longest.pop())
        return own.popleft() if own else None

    def put_back(self, owner: Hashable, job: Job) -> None:
        """Give a job to an owner again, before the others that it has."""
        self._jobs.setdefault(owner, deque()).appendleft(job)

    def end_at(self, end: int) -> None:
        """Leave out what comes at a place or after it."""
        for owner, jobs in self._jobs.items():
            self._jobs[owner] = deque(job for job in jobs if job[0] < end)
