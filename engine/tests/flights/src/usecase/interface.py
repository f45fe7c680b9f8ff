"""What a client sends and gets: one flight as it leaves the gate, and its arrival delay."""

from mainline.contract import Field, Task

NAME = "flight-delay"
TASK: Task = "regression"
LABEL = "arr_delay"
KEY = ("time_hour", "carrier", "flight", "origin")

REQUEST = (
    Field("time_hour", "time", "Scheduled departure, rounded down to the hour (UTC)", "2013-09-01T10:00:00Z"),
    Field("sched_dep_time", "integer", "Scheduled departure, local time of the origin", 615, "HHMM", 0, 2400),
    Field("sched_arr_time", "integer", "Scheduled arrival, local time of the destination", 912, "HHMM", 0, 2400),
    Field("dep_delay", "number", "How late the flight left the gate; negative is early", -3.0, "minutes", -120, 3000),
    Field("carrier", "string", "Airline, two-character IATA code", "UA", pattern="^[A-Z0-9]{2}$"),
    Field("flight", "integer", "Flight number", 1545, minimum=1, maximum=9999),
    Field("tailnum", "string", "Registration of the plane", "N14228", pattern="^[A-Z0-9]{2,6}$", optional=True),
    Field("origin", "string", "Airport of departure", "EWR", pattern="^(EWR|JFK|LGA)$"),
    Field("dest", "string", "Airport of arrival, three-letter FAA code", "IAH", pattern="^[A-Z]{3}$"),
    Field("distance", "number", "Distance between the airports", 1400.0, "miles", 1, 10000),
)

RESPONSE = Field("arr_delay", "number", "Arrival delay; negative is early", -7.5, "minutes", -600, 6000)

BANNED = {
    "arr_time": "it is known only after landing",
    "air_time": "it is known only after landing",
    "arr_delay": "it is the label",
    "dep_time": "dep_delay says the same, and after cancelled flights it is missing",
}

PERSONAL: dict[str, str] = {}  # planes of airlines and their flights: no column says anything of a person
