"""Explore what the model learns from. `./mainline notebook` opens this file; it is yours to change."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Explore")


@app.cell
def _():
    import altair as alt
    import marimo as mo

    from mainline.look import exploration

    return alt, exploration, mo


@app.cell
def _(exploration, mo):
    data = exploration.open_pipeline()
    rows = data.rows
    mo.md(f"# What the model learns from\n\n{data.summary}")
    return data, rows


@app.cell(hide_code=True)
def _(data, mo):
    said = data.advice
    mo.callout(
        mo.md(
            "\n".join(["**What to mind**\n", *(f"- {each}" for each in said)]) if said else "Nothing strikes the eye."
        ),
        kind="warn" if said else "success",
    )
    return


@app.cell(hide_code=True)
def _(data, mo):
    mo.vstack(
        [
            mo.md(
                "## Columns\n\n`label`: how much a column says of the label, 0 to 1. `drift`: the largest stability"
                " index of a period against all before it; above 0.25 is much."
            ),
            mo.ui.table(data.columns, selection=None, page_size=30),
        ]
    )
    return


@app.cell(hide_code=True)
def _(data, mo):
    column = mo.ui.dropdown(data.named, value=data.named[0], label="Column")
    mo.vstack([mo.md("## One column"), column])
    return (column,)


@app.cell(hide_code=True)
def _(alt, exploration):
    def draw(frame, column, value):
        """Draw how many rows each group of a column has, and what `value` is there."""
        found = exploration.by_group(frame, column, value)
        groups = alt.X("group:N", sort=list(dict.fromkeys(found["group"])), title=column, axis=alt.Axis(labelAngle=-40))
        base = alt.Chart(found).encode(x=groups).properties(width=330, height=240)
        counted = base.mark_bar(color="#9aa7b5").encode(y=alt.Y("sum(rows):Q", title="rows"))
        if "mean" in found:
            quartiles = base.mark_rule(color="#9aa7b5", strokeWidth=3).encode(
                alt.Y("low:Q", title=value), alt.Y2("high:Q")
            )
            mean = base.mark_point(filled=True, size=70, color="#1f5f99").encode(
                alt.Y("mean:Q"), tooltip=["group", "rows", "mean", "low", "high"]
            )
            return counted | (quartiles + mean)
        shares = base.mark_bar().encode(
            alt.Y("share:Q", title=f"share of {value}", axis=alt.Axis(format="%")),
            alt.Color("value:N", title=value),
            tooltip=["group", "value", "rows", "share"],
        )
        return (counted | shares).resolve_scale(color="independent")

    return (draw,)


@app.cell(hide_code=True)
def _(column, data, draw, mo, rows):
    mo.vstack(
        [
            draw(rows, column.value, data.label),
            mo.md("Points are means; a line reaches from the first to the third quartile of the group's rows."),
        ]
    )
    return


@app.cell(hide_code=True)
def _(column, data, draw, exploration, mo, rows):
    mo.stop(exploration.PERIOD not in rows)
    mo.vstack(
        [
            mo.md("## From period to period"),
            draw(rows, exploration.PERIOD, data.label),
            draw(rows, exploration.PERIOD, column.value),
        ]
    )
    return


@app.cell(hide_code=True)
def _(data, exploration, mo):
    errors, reason = exploration.attempt(data.errors)
    mo.md(
        "## Where the model errs\n\n"
        + (reason or f"On the {len(errors):,} validation rows, which it was not fitted on.")
    )
    return (errors,)


@app.cell(hide_code=True)
def _(column, draw, errors, exploration, mo):
    mo.stop(errors is None)
    mo.vstack(
        [
            draw(errors, column.value, exploration.ERROR),
            mo.md("The rows with the largest errors:"),
            mo.ui.table(exploration.worst(errors), selection=None),
        ]
    )
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Yours

    `rows` is a DataFrame of training and validation rows, `errors` one of validation rows with what the model said.
    Write cells below, and commit this file: what it shows is not in it.
    """)
    return


@app.cell
def _(rows):
    rows.head(20)
    return


if __name__ == "__main__":
    app.run()
