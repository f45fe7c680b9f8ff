"""What a model's own window allows: counts by day that add up, and limits from playing the window back.

| module | says |
|---|---|
| `sketches` | counts of a day that add up with those of other days and servers |
| `distances` | how far two sketches lie apart |
| `playback` | how far the window's own weeks lie apart, and which limit they pass as rarely as declared |
| `windows` | how far quality strays from window to window, and the limits that it earns |
| `composition` | what rows are made of, held to what was there before |
| `document` | the document `monitor.json`, which the package carries |
"""
