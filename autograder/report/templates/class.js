"use strict";
// Makes buttons of the headers of the table of submissions, which sort it. Without this, the rows are in order of name.
{
  const table = document.getElementById("table-of-submissions");
  const status = document.getElementById("sorted");
  const headers = [...table.tHead.rows[0].cells];
  const byName = [...table.tBodies[0].rows];
  // What was not asked for is empty, and comes before zero.
  const points = (row, column) => Number.parseFloat(row.cells[column].textContent || "-1");

  const sort = (column) => {
    const ascending = headers[column].getAttribute("aria-sort") !== "ascending";
    const rows = [...byName];
    if (column > 0) {
      // The sort is stable, so that equals stay in order of name.
      rows.sort((one, other) => (points(one, column) - points(other, column)) * (ascending ? 1 : -1));
    } else if (!ascending) {
      rows.reverse();
    }
    table.tBodies[0].append(...rows);
    for (const header of headers) {
      header.removeAttribute("aria-sort");
    }
    headers[column].setAttribute("aria-sort", ascending ? "ascending" : "descending");
    status.textContent = `Sorted by ${headers[column].dataset.name}, ${ascending ? "ascending" : "descending"}.`;
  };

  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    button.addEventListener("click", () => sort(column));
    header.append(button);
  });
  headers[0].setAttribute("aria-sort", "ascending");
}
