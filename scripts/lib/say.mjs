// Output of the scripts: one line per action, with colour only on a terminal.
const colours = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 };

/** `text` in a colour if `stream` is a terminal. */
export function paint(colour, text, stream = process.stdout) {
  const plain = !stream.isTTY || process.env.NO_COLOR !== undefined || process.env.TERM === 'dumb';
  return plain ? text : `\x1b[${colours[colour]}m${text}\x1b[0m`;
}

/** `12.3 s`. */
export function seconds(value) {
  return `${value.toFixed(1)} s`;
}

/** Prints one line: the part, the action, and the time it took. */
export function say(who, what, took) {
  console.log(`${paint('bold', `${who}:`)} ${what}${took === undefined ? '' : paint('dim', ` (${seconds(took)})`)}`);
}

/** Prints one line on standard error, then the log that explains it. */
export function complain(who, what, log = '') {
  if (log) console.error(log);
  console.error(`${paint('red', `${who}:`, process.stderr)} ${what}`);
}
