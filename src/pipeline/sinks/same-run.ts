/** Checks that a stream was started by the same run that is to continue it: with the same geometry, cell and flags. */

import { marks } from '../../crystal/stream/stream.js';
import { sliceOf } from '../../options/frame-slice.js';
import { flagOf } from '../../options/parameter-text.js';
import { argumentError, type NameOption, type Parameters, setting } from '../../options/parameters.js';
import { shellWords } from '../../options/shell-words.js';
import { connectionRows, executorRows, rankRows, submitRows } from '../../parallel/parameters.js';
import { commandRows, gridRows, runRows, sinkRows, sourceRows } from '../parameters.js';
import { watchRows } from '../watch-rows.js';
import { inputMark } from './stream-head.js';

/** Flags that do not change the stream, and whether each of them is followed by a value. */
function harmlessFlags(): ReadonlyMap<string, boolean> {
  const rows: Parameters = {
    ...executorRows,
    ...connectionRows,
    ...submitRows,
    ...rankRows,
    ...sourceRows,
    ...runRows,
    ...sinkRows,
    ...gridRows,
    ...commandRows,
    ...watchRows,
  };
  const flags = Object.entries(rows).filter(([, { neutral }]) => neutral);
  return new Map(
    flags.flatMap(([name, row]) => {
      // One that may stand without a value has it behind an equals sign.
      const hasValue = row.kind !== 'boolean' && row.bare === undefined;
      return [flagOf(name, row), ...(row.short === undefined ? [] : [`-${row.short}`])].map(
        (flag) => [flag, hasValue] as const,
      );
    }),
  );
}

/** The words of a command line that determine the contents of the stream. */
export function decisiveWords(words: readonly string[]): string[] {
  const harmless = harmlessFlags();
  const kept: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const [name = '', value] = word.startsWith('--') ? word.split('=') : [word.slice(0, 2), word.slice(2) || undefined];
    const hasValue = harmless.get(name);
    if (hasValue === undefined) kept.push(word);
    else if (hasValue && value === undefined) i++;
  }
  return kept;
}

/** The frames that a command line selects; what it does not say, or says in another way, is all of them. */
function framesOf(words: readonly string[]) {
  const at = words.findIndex((word) => word === '--frames' || word.startsWith('--frames='));
  const text = at < 0 ? undefined : /^--frames=?(.*)$/.exec(words[at] ?? '')?.[1] || words[at + 1];
  // A list of JavaScript is written with commas.
  const frames = text?.replaceAll(',', ':');
  return sliceOf('', /^\d*:\d*(:\d*)?$/.test(frames ?? '') ? { frames } : {});
}

/** Rejects frames that leave out some which the stream has, or may have: it would be that of neither run. */
function checkFrames(oldLine: string, ownLine: string, stream: string): void {
  const [old, own] = [oldLine, ownLine].map((line) => framesOf(shellWords(line))) as [Slice, Slice];
  const isWithin = own.first <= old.first && old.step % own.step === 0 && (old.first - own.first) % own.step === 0;
  if (isWithin) return;
  throw argumentError(
    '',
    (said) =>
      `${stream} was started with ${old.step === 1 ? 'all frames' : `one frame of ${old.step}`} from ${old.first} on, some ` +
      `of which ${said('frames')} leaves out; give frames that include them, or start again with ` +
      setting(said, 'force', true),
  );
}
type Slice = ReturnType<typeof framesOf>;

/** Rejects an input file that has been replaced: a stream must not mix two experiments under one name. */
function checkInputs(old: readonly string[], own: readonly string[], stream: string): void {
  const known = new Map<string, { readonly size: string; readonly begin: string }>();
  const parsed = (lines: readonly string[]) =>
    lines.flatMap((line) => {
      const [, size = '', begin = '', name] = inputLine.exec(line) ?? [];
      return name === undefined ? [] : [{ size, begin, name }];
    });
  for (const { name, ...one } of parsed(old)) known.set(name, one);
  for (const { name, size, begin } of parsed(own)) {
    const before = known.get(name);
    if (!before || (before.size === size && before.begin === begin)) continue;
    const how = before.size === size ? 'it starts with other bytes' : `it had ${before.size} bytes and has ${size}`;
    throw argumentError(
      '',
      (said) =>
        `${name} is not the file that ${stream} was started with: ${how}; start again with ` +
        setting(said, 'force', true),
      { path: name },
    );
  }
}
const inputLine = new RegExp(`^${inputMark}(\\d+) bytes ([0-9a-f]+) (.*)$`);

/** Indices of the lines of a head that state the program and the command line: the second and the third. */
const [generator, commandLine] = [1, 2];

/** Rejects continuing the stream of another run. Throws `Argument`. */
export function sameRun(there: string, now: string, file: string): void {
  const [old, own] = [there.split('\n'), now.split('\n')];
  const [oldLine = '', ownLine = ''] = [old[commandLine], own[commandLine]];
  const flagsOf = (line: string): string => decisiveWords(shellWords(line)).join(' ');
  if (flagsOf(oldLine) !== flagsOf(ownLine))
    throw argumentError(
      '',
      (said) =>
        `${file} was started as "${oldLine}", which differs from this run ("${ownLine}"); ` +
        `use the same ${said('resume').startsWith('-') ? 'flags' : 'options'} with ${setting(said, 'resume', true)}`,
    );
  checkFrames(oldLine, ownLine, file);
  checkInputs(old, own, file);
  const rest = (lines: readonly string[]): string =>
    lines
      .filter((line, i) => i !== generator && i !== commandLine && !line.startsWith(inputMark))
      .join('\n')
      .trimEnd();
  if (rest(old) !== rest(own)) {
    const what = there.includes(marks.geometryBegin) ? 'its geometry or cell has changed since' : 'its head differs';
    const again = (nameOption: NameOption): string => `start again with ${setting(nameOption, 'force', true)}`;
    throw argumentError('', (said) => `${file} cannot be continued: ${what}; ${again(said)}`);
  }
}
