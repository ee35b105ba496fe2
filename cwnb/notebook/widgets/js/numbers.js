// Numbers of events, rows and pixels; values of logs are never read as numbers here.

function sumOf(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function clamped(number, least, most) {
  return Math.min(Math.max(number, least), most);
}

function written(number) {
  return number.toLocaleString("en-US");
}

function counted(count, what) {
  return `${written(count)} ${what}${count === 1 ? "" : "s"}`;
}

// Characters as Python counts them: `length` counts those outside of the basic plane twice.
function charactersIn(text) {
  return [...text].length;
}
