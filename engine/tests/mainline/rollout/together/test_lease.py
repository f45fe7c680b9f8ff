"""Who may decide, and until when."""

from mainline.rollout.together.lease import Lease


class Times:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return it."""
        return self.now


def test_leader_has_stopped_before_another_one_may_stand() -> None:
    """However late the other one sees the record, it waits for longer than the leader decides."""
    times = Times()
    leader, other = Lease(times), Lease(times)
    began = leader.now()
    times.now = 4.0  # the push took this long
    leader.hold("a", began, 30.0)
    times.now = 5.0
    other.see("a", 30.0)
    apart = []
    for now in range(5, 60):
        times.now = float(now)
        apart.append((leader.leads, other.is_over))
    assert (True, True) not in apart
    assert apart[0] == (True, False)
    assert apart[-1] == (False, True)


def test_record_that_changes_keeps_others_from_standing() -> None:
    """Each renewal begins the wait anew, also one with another lease; a leader that sees another's record stops."""
    times = Times()
    lease = Lease(times)
    assert lease.is_over, "nobody decides where there is no record"
    lease.see("a", 30.0)
    times.now = 29.0
    lease.see("b", 60.0)
    times.now = 80.0
    assert not lease.is_over
    lease.hold("c", times.now, 30.0)
    assert lease.leads
    lease.see("c", 30.0)
    assert lease.leads
    lease.see("d", 30.0)
    assert not lease.leads
