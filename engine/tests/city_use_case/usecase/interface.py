"""What a client sends and gets: an hour of the city, and how many rides begin in it."""

from mainline.contract import Field, Task

NAME = "rides"
TASK: Task = "regression"
LABEL = "rides"
KEY = ("starts_at",)

REQUEST = (
    Field("starts_at", "time", "The start of the hour", "2024-04-01T09:00", zone="Europe/Berlin"),
    Field("bicycles", "integer", "How many bicycles are on the street", 420, minimum=0, maximum=10_000),
)

RESPONSE = Field("rides", "number", "Rides that begin in the hour", 61.0, "rides", minimum=0, maximum=10_000)

BANNED = {"rides": "it is the label"}
