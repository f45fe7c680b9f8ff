"""Seconds of longer units of time."""

MINUTE = 60
DAY = 86_400
WEEK = 7 * DAY
