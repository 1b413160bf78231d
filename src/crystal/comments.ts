/** Comments at the end of a line. */

/**
 * A line without its comment and the white space around. No pattern such as /;.*$/: behind a separator that `.` does not
 * match, each mark would look for the end anew.
 */
export function withoutComment(line: string, mark: string): string {
  const at = line.indexOf(mark);
  return (at < 0 ? line : line.slice(0, at)).trim();
}
