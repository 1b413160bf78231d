/** Header text and positions in it: every error states file, line and column and shows the line with a caret. */
import { countWhile } from '../../util/count-while.js';
import { EwaldError } from '../../util/errors.js';

/** A header and its text. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
  /** Whether it belongs to the C library: its types can be used, but its declarations are not part of the table. */
  readonly foreign?: boolean | undefined;
  /** The line its text starts at, if it is a part of a file; default 1. */
  readonly firstLine?: number | undefined;
}

/** The name, in messages, of the text of a type that a caller gives. */
export const typeFile = '<type>';

/** A place in a header; line and column count from 1, the column in UTF-16 units. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Something with a position in a file. */
export interface Placed {
  readonly file: SourceFile;
  readonly offset: number;
}

/** Whether a text has nothing but directives, of which one includes a header. */
export function includesAlone(text: string): boolean {
  const lines = text
    .replace(/\\\r?\n/g, ' ')
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ' ')
    .split('\n')
    .map((line) => line.trim());
  return (
    lines.some((line) => /^#\s*include\b/.test(line)) && lines.every((line) => line === '' || line.startsWith('#'))
  );
}

const lineStarts = new WeakMap<SourceFile, readonly number[]>();

function startsOf(file: SourceFile): readonly number[] {
  const known = lineStarts.get(file);
  if (known) return known;
  const starts = [0];
  for (let next = file.text.indexOf('\n'); next >= 0; next = file.text.indexOf('\n', next + 1)) starts.push(next + 1);
  lineStarts.set(file, starts);
  return starts;
}

/** Line and column of a place. */
export function positionOf({ file, offset }: Placed): Position {
  const starts = startsOf(file);
  const row = countWhile(starts.length, (i) => (starts[i] ?? 0) <= offset) - 1;
  return { file: file.name, line: row + (file.firstLine ?? 1), column: offset - (starts[row] ?? 0) + 1 };
}

/** The line of a place with a caret under it; long lines are cut around the caret. */
function shown({ file, offset }: Placed): string {
  const start = file.text.lastIndexOf('\n', offset - 1) + 1;
  const stop = file.text.indexOf('\n', start);
  const line = file.text.slice(start, stop < 0 ? undefined : stop).replace(/\r$/, '');
  const column = Math.min(offset - start, line.length);
  const from = column > 100 ? column - 60 : 0;
  const cut = line.slice(from, from + 140);
  // Tabs are kept, so that the caret is in the right column for any tab width.
  return `  ${cut}\n  ${cut.slice(0, column - from).replace(/[^\t]/g, ' ')}^`;
}

/** A refusal of a header: tag `Format`, the position in `detail`, the line and a caret in the message. */
export function headerError(place: Placed, message: string): EwaldError {
  const position = positionOf(place);
  return new EwaldError('Format', `${position.file}:${position.line}:${position.column}: ${message}\n${shown(place)}`, {
    detail: { ...position, problem: message },
  });
}
