"""What a client sends and gets: one measured tissue sample, and the probability that it is malignant."""

from mainline.contract import Field, Task

NAME = "malignancy"
TASK: Task = "classification"
LABEL = "malignant"
KEY = ("measured_at", "sample")

REQUEST = (
    Field("measured_at", "time", "When the sample was measured (UTC)", "2024-06-01T07:00:00Z"),
    Field("sample", "string", "Number of the sample in the archive", "S0475", pattern="^S[0-9]{4}$", optional=True),
    Field("mean_radius", "number", "Radius of the nuclei, mean of the image", 12.9, "pixels", 1, 100),
    Field("mean_texture", "number", "Standard deviation of their gray values", 16.2, "gray values", 1, 100),
    Field("mean_smoothness", "number", "Local variation of their radius", 0.09, minimum=0, maximum=1),
    Field("mean_compactness", "number", "Perimeter squared over area, less one", 0.12, minimum=0, maximum=1),
    Field("mean_concavity", "number", "Depth of the concave parts of the outline", 0.08, minimum=0, maximum=1),
    Field("mean_concave_points", "number", "Share of the outline that is concave", 0.04, minimum=0, maximum=1),
    Field("mean_symmetry", "number", "Difference between the halves of a nucleus", 0.18, minimum=0, maximum=1),
    Field("mean_fractal_dimension", "number", "Roughness of the outline", 0.06, minimum=0, maximum=1, optional=True),
)

RESPONSE = Field("malignant", "number", "Probability that the sample is malignant", 0.03, minimum=0, maximum=1)

BANNED = {"malignant": "it is the label", "diagnosis": "it is the label"}
