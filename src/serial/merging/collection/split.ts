/** Assigns frames to data sets (pumped and unpumped, delays, doses), which share scales and are merged separately. */
import { counted } from '../../../base/amounts.js';
import { expectsText } from '../../../base/arguments.js';
import { EwaldError } from '../../../base/errors.js';

/** Returns the data set of a frame, or undefined if the frame takes part in the common merge only. */
export type Split = (frame: { readonly filename: string; readonly event: string }) => string | undefined;

/**
 * Reads a table in the format of partialator's --custom-split: one frame per line, `filename event dataset`, or
 * `filename dataset` for files that contain one frame; `#` starts a comment. Throws `Format` with the line.
 */
export function readSplitTable(text: string, name = 'the table'): Split {
  expectsText('readSplitTable: the first argument', text);
  const sets = new Map<string, string>();
  for (const [i, line] of text.split(/\r\n|\n/).entries()) {
    const words = line.replace(/#.*/, '').trim().split(/\s+/);
    if (words.length === 1 && words[0] === '') continue;
    const fail = (message: string): never => {
      throw new EwaldError('Format', `${name}:${i + 1}: ${message}`, { detail: { path: name, line: i + 1 } });
    };
    if (words.length < 2 || words.length > 3)
      fail(`"${line.slice(0, 80)}" has ${counted(words.length, 'word')}; expected "filename event dataset"`);
    const [filename = '', second = '', third] = words;
    const dataset = checkDataset(third ?? second, fail);
    const key = eventKey(filename, third === undefined ? '' : second);
    const before = sets.get(key);
    if (before !== undefined && before !== dataset) fail(`the frame is in ${before} already`);
    sets.set(key, dataset);
  }
  if (sets.size === 0)
    throw new EwaldError('Format', `${name} names no frames; expected "filename event dataset" lines`);
  return ({ filename, event }) => sets.get(eventKey(filename, event));
}

const eventKey = (filename: string, event: string): string => `${filename}\n${event}`;

/** Checks that a name can be part of a file name. */
function checkDataset(name: string, fail: (message: string) => never): string {
  if (/^[\w.+-]{1,64}$/.test(name) && !/^\.+$/.test(name)) return name;
  return fail(`the data set "${name.slice(0, 40)}" cannot be a part of a file's name; use letters, digits, . + - _`);
}
