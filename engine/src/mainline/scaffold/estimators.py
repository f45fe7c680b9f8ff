"""The estimator that `params.yaml` declares for a plan, another one to try, and what a search tries."""

from mainline.scaffold import objectives
from mainline.scaffold.plan import Plan
from mainline.scaffold.yaml_text import line, title, values

FEW = 1000
"""Rows, for each class but one, up to which a linear model is declared; with more it is gradient boosting."""
MANY = 20_000
"""Rows from which on boosting may take larger steps and trees: with fewer it learns the noise (3 to 18 % worse)."""
_LINEAR = {objectives.SQUARED: "Ridge", objectives.POISSON: "PoissonRegressor", objectives.GAMMA: "GammaRegressor"}
_OF_DEVIANCE = {"alpha": "0.01", "max_iter": "1000"}
"""scikit-learn's 1.0 holds the coefficients of a logarithm too near 0: Gamma is then 3 to 24 % worse in RMSE."""


def is_linear(plan: Plan) -> bool:
    """Say whether there are few rows; boosting fits trees for each class, so of several classes it takes more."""
    return plan.different < FEW * max(1, len(plan.target.classes) - 1)


def model(plan: Plan) -> str:
    """Return the lines of the section `model`."""
    if is_linear(plan):
        name, given = _linear(plan, plan.target.loss)
    else:
        name, given = _boosting(plan), _boosted(plan)
    reasons = [*(["few rows"] if is_linear(plan) else []), *_hint(plan)]
    comment = f"  # inferred: {'; '.join(reasons)}" if reasons else ""
    return "\n".join(
        [f"  type: {name}{comment}", "  params:", *(f"    {key}: {value}" for key, value in given.items())]
    )


def another(plan: Plan) -> tuple[str, str, str]:
    """Return a model of the other kind than the declared one: its type, its parameters, and values to try."""
    if is_linear(plan):
        loss = "" if plan.target.loss == objectives.SQUARED else f", loss: {plan.target.loss}"
        return _boosting(plan), f"{{max_iter: 100{loss}}}", "{max_iter: [50, 100, 200]}"
    name, given = _linear(plan, plan.target.other_loss or plan.target.loss)
    key = next(iter(given))
    return name, f"{{{', '.join(f'{each}: {value}' for each, value in given.items())}}}", f"{{{key}: [0.1, 1, 10]}}"


def tune(plan: Plan) -> str:
    """Return the section `tune`; of a label that another loss suits too, it tries both."""
    head = title("tune", "`./mainline tune` tries these instead of model.params; engine/docs/experiments.md")
    if is_linear(plan):
        name = next(iter(_linear(plan, plan.target.loss)[1]))
        return "\n".join([head, "  trials: 5", "  space:", *values(name, (0.01, 0.1, 1.0, 10.0, 100.0))])
    space: dict[str, tuple[float | str, ...]] = {
        "learning_rate": (0.05, 0.1, 0.2), "max_leaf_nodes": (7, 15, 31, 63), "l2_regularization": (0, 1, 10),
    }  # fmt: skip
    if plan.target.other_loss:
        space["loss"] = (plan.target.loss, plan.target.other_loss)
    trials = line("trials", 12, "including the declared parameters, which come first")
    return "\n".join([head, trials, "  space:", *(text for item in space.items() for text in values(*item))])


def _linear(plan: Plan, loss: str) -> tuple[str, dict[str, str]]:
    if plan.target.task != "regression":
        return "sklearn.linear_model.LogisticRegression", {"C": "1.0", "max_iter": "1000"}
    return f"sklearn.linear_model.{_LINEAR[loss]}", {"alpha": "1.0"} if loss == objectives.SQUARED else _OF_DEVIANCE


def _boosting(plan: Plan) -> str:
    kind = "Regressor" if plan.target.task == "regression" else "Classifier"
    return f"sklearn.ensemble.HistGradientBoosting{kind}"


def _boosted(plan: Plan) -> dict[str, str]:
    rate, leaves, least = ("0.05", "15", "20") if plan.labelled < MANY else ("0.1", "31", "100")
    loss = {"loss": plan.target.loss} if plan.target.loss != objectives.SQUARED else {}
    return loss | {
        "max_iter": "150", "learning_rate": rate, "max_leaf_nodes": leaves, "min_samples_leaf": least,
        "l2_regularization": "1.0", "early_stopping": "false",
    }  # fmt: skip


def _hint(plan: Plan) -> list[str]:
    """Say what else the label may be fitted by."""
    other = plan.target.other_loss
    if not other:
        return []
    kind = "a count" if objectives.is_count(plan.columns[plan.label].present.astype("float64")) else "a skewed amount"
    return [f"{kind}, which `--loss {other}` may suit"]
