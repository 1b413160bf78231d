/** Whether a stream was begun by the run that is to continue it: the same geometry, cell and flags. */

import { EwaldError } from '../../base/errors.js';
import { marks } from '../../crystal/stream/stream.js';

/** Flags that leave the stream as it is, and whether a value follows. */
const harmless: Readonly<Record<string, boolean>> = {
  '-j': true,
  '--jobs': true,
  '--executor': true,
  '--cluster': true,
  '--token': true,
  '--creds': true,
  '--tls': false,
  '--tls-ca': true,
  '--tls-cert': true,
  '--tls-key': true,
  '--resume': false,
  '--force': false,
  '--profile': false,
  '--json': false,
  '--html': true,
  '--hdf5': true,
  '--sol': true,
  '--refined-geometry': true,
  '--no-data-timeout': true,
  '-o': true,
  '--output': true,
};

/** The words of a command line that decide what is in the stream. */
export function deciding(words: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const [name = '', value] = word.startsWith('--') ? word.split('=') : [word.slice(0, 2), word.slice(2) || undefined];
    if (Object.hasOwn(harmless, name)) {
      if (harmless[name] && value === undefined) i++;
    } else kept.push(word);
  }
  return kept;
}

/** Lines of a head that tell who made it and how: its second and third. */
const [generator, commandLine] = [1, 2];

/** Refuses to continue the stream of another run. Throws `Argument`. */
export function sameRun(there: string, now: string, file: string): void {
  const [old, own] = [there.split('\n'), now.split('\n')];
  const oldFlags = deciding((old[commandLine] ?? '').split(' ')).join(' ');
  const ownFlags = deciding((own[commandLine] ?? '').split(' ')).join(' ');
  if (oldFlags !== ownFlags)
    throw new EwaldError(
      'Argument',
      `${file} was begun as "${oldFlags}", which is not this run ("${ownFlags}"); give the same flags with --resume`,
    );
  const rest = (lines: readonly string[]): string =>
    lines.filter((_, i) => i !== generator && i !== commandLine).join('\n');
  if (rest(old) !== rest(own)) {
    const what = there.includes(marks.geometryBegin)
      ? 'its geometry or cell have changed since'
      : 'its head is another one';
    throw new EwaldError('Argument', `${file} cannot be continued: ${what}; begin anew with --force`);
  }
}
