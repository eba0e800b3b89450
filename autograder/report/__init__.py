"""From verdicts to what people and programs read: `result.json`, pages, `grades.csv`, tables in a terminal."""
