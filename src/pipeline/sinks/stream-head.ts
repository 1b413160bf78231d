/** The head of a run's stream: everything before the first chunk. */

import { anglesOf, lengthsOf } from '../../crystal/cell.js';
import { formatCellFile, type KnownCell } from '../../crystal/cell-file.js';
import { latticeName } from '../../crystal/lattice-name.js';
import { marks } from '../../crystal/stream/stream.js';
import { formatHead } from '../../crystal/stream/write.js';
import { EwaldError } from '../../util/errors.js';
import { version } from '../../util/version.js';
import { methodName, type SearchSettings } from '../settings.js';

/** Prefix of a line that identifies a file of the run; other readers of streams ignore it. */
export const inputMark = '; ewald input ';

/**
 * The head of a stream; `identities` identify the files of its frames, `isDoubtful` states that the cell is in doubt.
 */
export function streamHead(
  geometry: string,
  settings: SearchSettings,
  commandLine: string,
  identities: readonly string[] = [],
  isDoubtful = false,
): string {
  const [cell, ...others] = settings.cells ?? [];
  const head = formatHead({
    version: '2.3',
    generator: `ewald ${version}`,
    commandLine,
    geometry,
    cell: cell && cellText(cell, others),
    indexingMethods: methodName(settings),
  });
  const lines = identities.map((line) => `${inputMark}${line}`);
  if (lines.some((line) => /[\r\n]/.test(line)))
    throw new EwaldError('Argument', 'the name of a file has a line break, which no stream can hold');
  return head + [...(isDoubtful ? [marks.doubt] : []), ...lines.map(harmless)].map((line) => `${line}\n`).join('');
}

/** A line without characters that steer a terminal, which names of files may have; a resumed run writes the same. */
const harmless = (line: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  line.replace(/[\u0000-\u001f\u007f-\u009f]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`);

function cellText(cell: KnownCell, others: readonly KnownCell[]): string {
  const { lattice, uniqueAxis } = latticeName(cell);
  const axis = uniqueAxis as 'a' | 'b' | 'c' | undefined;
  // A stream has room for one cell; readers ignore the text after a semicolon.
  const more = others.map(
    ({ cell: one, centring }) =>
      `; also looked for: ${[...lengthsOf(one), ...anglesOf(one)].map((x) => x.toFixed(3)).join(' ')} ${centring}\n`,
  );
  return (
    `${formatCellFile(cell, lattice, axis)}${more.join('')}; Please note: this is the target unit cell.\n; ` +
    `The actual unit cells produced by indexing depend on many other factors.\n`
  );
}
