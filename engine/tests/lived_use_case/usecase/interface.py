"""What a client sends and gets: a delivery, and the minutes that it takes."""

from mainline.contract import Field, Task

NAME = "deliveries"
TASK: Task = "regression"
LABEL = "minutes"
KEY = ("begins_at", "number")

REQUEST = (
    Field("begins_at", "time", "When it begins (UTC)", "2024-01-01T09:00:00Z"),
    Field("number", "integer", "Its number of the day", 7, minimum=0, maximum=10_000),
    Field("weight", "number", "What is carried", 12.5, "kg", minimum=0, maximum=1000),
    Field("district", "string", "Where to", "north"),
)

RESPONSE = Field("minutes", "number", "How long it takes", 31.0, "minutes", minimum=-100_000, maximum=100_000)

BANNED = {"minutes": "it is the label"}
