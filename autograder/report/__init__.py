"""From verdicts to what people and programs read: `result.json`, `report.html`, `grades.csv`, tables in a terminal."""
