"""From verdicts to what people and programs read: `result.json`, `grades.csv`, a table in the terminal."""
