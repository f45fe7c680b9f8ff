"""What a client sends and gets: one measured flower, and its species."""

from mainline.contract import Classes, Field, Task

NAME = "species"
TASK: Task = "multiclass"
LABEL = "species"
CLASSES: Classes = ("setosa", "versicolor", "virginica")
KEY = ("measured_at", "flower")

REQUEST = (
    Field("measured_at", "time", "When the flower was measured (UTC)", "2024-06-01T07:00:00Z"),
    Field("flower", "integer", "Number of the flower in the herbarium", 17, minimum=0),
    Field("sepal_length", "number", "Length of a sepal", 5.8, "cm", 1, 20),
    Field("sepal_width", "number", "Width of a sepal", 3.1, "cm", 1, 20),
    Field("petal_width", "number", "Width of a petal", 1.2, "cm", 0, 20, optional=True),
)

RESPONSE = Field("species", "string", "Species of the flower", "versicolor")

BANNED = {"species": "it is the label", "target": "it is the label"}
