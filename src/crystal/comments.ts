/** Removes a comment at the end of a line. */

/**
 * A line without its comment and surrounding white space. A pattern such as /;.*$/ would be quadratic: after a line
 * separator that `.` does not match, the search for the end restarts at every mark.
 */
export function withoutComment(line: string, mark: string): string {
  const at = line.indexOf(mark);
  return (at < 0 ? line : line.slice(0, at)).trim();
}
