"""The page's style sheet: one column, a phone's width or wide, light or dark as the reader's system is."""

from mainline.report.charts import IDEAL, PALETTE

_DASHES = ("none", "7 4", "2 4", "10 4 2 4", "4 4", "12 6")
"""So that lines can be told apart without colour."""

_SERIES = "\n".join(
    f".s{index} {{ stroke: {color}; stroke-dasharray: {dash} }}"
    for index, ((_, color), dash) in enumerate(zip(PALETTE, _DASHES, strict=True))
)

_TENTHS = " ".join(f".t{tenths} {{ --tenths: {tenths} }}" for tenths in range(11))
"""How much of its row a cell of a matrix has."""

STYLE = f"""
:root {{
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1b2027; --soft: #59636e; --rule: #e1e5ea; --code: #eef1f4;
  --pass: #1a7f37; --warn: #9a6700; --fail: #cf222e; --unknown: #57606a; --tint: 8%;
}}
@media (prefers-color-scheme: dark) {{
  :root {{
    --page: #0e1116; --card: #161b22; --ink: #e6edf3; --soft: #9aa5b1; --rule: #2b323b; --code: #232a33;
    --pass: #4cc26a; --warn: #e3b341; --fail: #ff7b72; --unknown: #9aa5b1; --tint: 14%;
  }}
}}
* {{ box-sizing: border-box }}
body {{
  margin: 0; padding: 24px 16px 64px; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  -webkit-text-size-adjust: 100%; overflow-wrap: anywhere;
}}
main {{ max-width: 860px; margin: 0 auto }}
header, section {{ background: var(--card); border: 1px solid var(--rule); border-radius: 12px; padding: 20px 24px }}
section {{ margin-top: 16px }}
header {{
  border-left: 6px solid var(--mark);
  background: color-mix(in srgb, var(--mark) var(--tint), var(--card));
}}
.pass {{ --mark: var(--pass) }} .warn {{ --mark: var(--warn) }}
.fail {{ --mark: var(--fail) }} .unknown {{ --mark: var(--unknown) }}
.verdict {{
  margin: 0; color: var(--mark); font-size: 13px; font-weight: 700; letter-spacing: .04em; text-transform: uppercase;
}}
h1 {{ margin: 4px 0 8px; font-size: 26px; line-height: 1.25; font-weight: 650; text-wrap: balance }}
h2 {{ margin: 0 0 12px; font-size: 18px; font-weight: 650 }}
p, ul {{ margin: 12px 0 }} ul {{ padding-left: 22px }} section > :last-child {{ margin-bottom: 0 }}
header code {{ background: color-mix(in srgb, var(--ink) 8%, transparent); color: var(--ink) }}
 header p:last-child {{ margin: 0; color: var(--soft) }}
code {{
  font: .875em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  background: var(--code); padding: .12em .35em; border-radius: 5px; unicode-bidi: isolate;
}}
pre {{ background: var(--code); border-radius: 8px; padding: 12px 14px; margin: 12px 0; white-space: pre-wrap }}
pre code {{ background: none; padding: 0 }}
bdi {{ unicode-bidi: isolate }}
table {{ width: 100%; border-collapse: collapse; font-size: 15px; font-variant-numeric: tabular-nums }}
th, td {{
  text-align: left; vertical-align: top; padding: 7px 10px; border-bottom: 1px solid var(--rule); font-weight: 400;
}}
thead th {{ color: var(--soft); font-size: 13px; white-space: nowrap }}
tbody tr:last-child > * {{ border-bottom: 0 }}
tbody th {{ min-width: 110px }} .words th:first-child {{ width: 46% }} .words td {{ width: 27% }}
table {{ overflow-wrap: anywhere }} .scroll {{ overflow-x: auto }}
.scroll + .scroll {{ margin-top: 20px }}
th:first-child, td:first-child {{ padding-left: 0 }} th:last-child, td:last-child {{ padding-right: 0 }}
.number {{ text-align: right }} .number, .nowrap {{ white-space: nowrap; overflow-wrap: normal }}
.better {{ color: var(--pass) }} .worse {{ color: var(--fail) }}
.dot {{ display: inline-block; width: .55em; height: .55em; margin: 0 .1em 0 .4em; border-radius: 50% }}
.dot.better {{ background: currentColor }} .dot.worse {{ background: currentColor; border-radius: 1px }}
p > .dot:first-child {{ margin-left: 0 }}
.interval {{ display: block; width: 120px; height: 14px; color: var(--soft) }}
.interval.better {{ color: var(--pass) }} .interval.worse {{ color: var(--fail) }}
.interval .zero {{ stroke: var(--soft); stroke-dasharray: 2 2; fill: none }}
.interval .reach {{ stroke: currentColor; stroke-width: 1.5; fill: none }} .interval circle {{ fill: currentColor }}
{_TENTHS}
.matrix td {{ border: 2px solid var(--card) }}
.matrix .right {{ background: color-mix(in srgb, var(--pass) calc(var(--tenths) * 4.5%), transparent) }}
.matrix .wrong {{ background: color-mix(in srgb, var(--fail) calc(var(--tenths) * 6%), transparent) }}
.checks {{ list-style: none; margin: 12px 0; padding: 0 }}
.checks li {{ border-left: 3px solid var(--mark); padding: 4px 0 4px 12px; margin: 12px 0 }}
.checks .state {{ color: var(--mark); font-weight: 650 }} .checks p {{ margin: 2px 0 }} .soft {{ color: var(--soft) }}
details {{ border-top: 1px solid var(--rule); margin-top: 14px; padding-top: 12px }}
details + details {{ margin-top: 12px }} h2 + details {{ border-top: 0; margin-top: 0; padding-top: 0 }}
summary {{ cursor: pointer; font-weight: 550; border-radius: 4px }}
summary:focus-visible {{ outline: 2px solid currentColor; outline-offset: 3px }}
figure {{ margin: 16px 0 24px }} figcaption {{ margin-bottom: 8px }}
.plot {{ display: block; width: 100%; height: auto }}
.plot text {{ fill: var(--soft); font-size: 12px; font-family: inherit }} .plot .name {{ font-size: 13px }}
.plot .grid {{ stroke: var(--rule) }} .plot .axis {{ stroke: var(--soft) }}
.line {{ fill: none; stroke-width: 2.2; stroke-linejoin: round }} .bars {{ fill: none }}
.line.ideal, .key.ideal {{ stroke: {IDEAL[1]}; stroke-width: 1.5; stroke-dasharray: 4 3 }}
.mark {{ stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 3 }}
.plot .label {{ paint-order: stroke; stroke: var(--card); stroke-width: 4px }}
{_SERIES}
.keys {{ display: flex; flex-wrap: wrap; gap: 2px 16px; color: var(--soft); font-size: 14px }}
.key {{ width: 26px; height: 10px; stroke-width: 2.5; margin-right: 6px }}
@media (max-width: 560px) {{
  body {{ padding: 12px 8px 40px; font-size: 15px }}
  header, section {{ padding: 16px 14px; border-radius: 10px }}
  h1 {{ font-size: 21px }}
  table {{ font-size: 13px }} th, td {{ padding: 6px 4px }}
  thead th, thead .number {{ font-size: 11px; white-space: normal }}
  tbody th {{ min-width: 80px }} .interval {{ width: 66px; height: 9px }}
  .plot text, .plot .name {{ font-size: 18px }}
}}
"""
