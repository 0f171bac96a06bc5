"use strict";
// Makes the headers of sortable tables buttons; without this script the tables stand as they are.
(function () {
  function keyOf(row, column) {
    var cell = row.cells[column];
    var given = cell.getAttribute("data-sort");
    if (given !== null && given !== "") return isNaN(given) ? given : Number(given);
    return given === "" ? null : cell.textContent.trim().toLowerCase();
  }
  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  }
  function order(keys, descending) {
    var places = keys.map(function (_, place) { return place; });
    return places.sort(function (one, other) {
      var a = keys[one], b = keys[other];
      if (a === null || b === null) return (a === null) - (b === null) || one - other;
      return (descending ? compare(b, a) : compare(a, b)) || one - other;
    });
  }
  function sort(table, column, descending) {
    var groups = Array.prototype.slice.call(table.tBodies);
    var keys = groups.map(function (group) { return keyOf(group.rows[0], column); });
    order(keys, descending).forEach(function (place) { table.appendChild(groups[place]); });
  }
  function enable(table, status) {
    var headers = Array.prototype.slice.call(table.tHead.rows[0].cells);
    headers.forEach(function (header, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      while (header.firstChild) button.appendChild(header.firstChild);
      header.appendChild(button);
      header.setAttribute("aria-sort", "none");
      button.addEventListener("click", function () {
        var descending = header.getAttribute("aria-sort") === "ascending";
        headers.forEach(function (other) { other.setAttribute("aria-sort", "none"); });
        header.setAttribute("aria-sort", descending ? "descending" : "ascending");
        sort(table, column, descending);
        status.textContent = "Sorted by " + button.textContent + (descending ? ", descending." : ", ascending.");
      });
    });
  }
  if (typeof document !== "undefined") {
    var status = document.getElementById("status");
    Array.prototype.forEach.call(document.querySelectorAll("table.sortable"), function (table) {
      enable(table, status);
    });
  }
  if (typeof globalThis.exposed !== "undefined") globalThis.exposed.order = order;
})();
