"""What a client sends and gets: one examination, and the progression a year after it."""

from mainline.contract import Field, Task

NAME = "diabetes-progression"
TASK: Task = "regression"
LABEL = "progression"
KEY = ("patient",)

MEASURED = ("bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")

REQUEST = (
    Field("patient", "string", "Number of the patient", "P0007", pattern="^P[0-9]{4}$"),
    Field("age", "number", "Age, scaled", 0.038),
    Field("sex", "string", "Sex as the study codes it", "a", pattern="^[ab]$"),
    *(Field(name, "number", f"{name} of the study, scaled", 0.02, optional=True) for name in MEASURED),
)

RESPONSE = Field("progression", "number", "Progression of the disease after a year", 152.0, minimum=-1000, maximum=1000)

BANNED = {"patient": "it names a person", "progression": "it is the label"}
