/** Assigns frames to data sets (pumped and unpumped, delays, doses), which share scales and are merged separately. */
import { counted } from '../../util/amounts.js';
import { type TextOrBytes, textOf } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { refuseNoText } from '../../util/text-begin.js';

/** Returns the data set of a frame, or undefined if the frame takes part in the common merge only. */
export type Split = (frame: { readonly filename: string; readonly event: string }) => string | undefined;

/**
 * Reads a table in the format of partialator's --custom-split: one frame per line, `filename event dataset`, or
 * `filename dataset` for files that contain one frame; `#` starts a comment. Throws `Format` with the line.
 */
export function readSplitTable(given: TextOrBytes, name = 'the table'): Split {
  const text = textOf('readSplitTable: the first argument', given);
  refuseNoText(text, name, 'a table of "filename event dataset"');
  const sets = new Map<string, string>();
  for (const [i, line] of text.split(/\r\n|\n|\r/).entries()) {
    const text = line.replace(/(?:^|\s)#.*/, '').trim();
    if (text === '') continue;
    const fail = (message: string): never => {
      throw new EwaldError('Format', `${name}:${i + 1}: ${message}`, { detail: { path: name, line: i + 1 } });
    };
    // Names of files may have spaces: the data set is the last word, and an event before it has a //.
    const [, filename, event = '', dataset] = /^(.*?)(?:\s+(\S*\/\/[\d/]*))?\s+(\S+)$/.exec(text) ?? [];
    if (filename === undefined || dataset === undefined || /\s\S*\/\/[\d/]*(\s|$)/.test(filename))
      return fail(
        `"${line.slice(0, 80)}" has ${counted(text.split(/\s+/).length, 'word')}; expected "filename event dataset"`,
      );
    checkDataset(dataset, fail);
    const key = eventKey(filename, event);
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
