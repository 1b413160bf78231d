/** What the shell says of a scan beside its results. */
import { countTexts } from '../entries/command.node.js';
import type { Scan } from '../entries/udf.node.js';
import { note, warn, yellow } from './output.js';

/** Flags that change what a remark is about. */
const advice: Readonly<Record<string, string>> = {
  fileMask: ' (--file-mask excludes them)',
  fileDark: ' (--file-dark subtracts them)',
  keepNoCount: ' (--keep-no-count uses them as counts)',
};

/** Warnings of the scan, and which pixels are left out. */
export function tellNotes({ notes, dataset }: Scan): void {
  for (const { kind, text, option = '' } of notes) {
    const words = `${text}${Object.hasOwn(advice, option) ? advice[option] : ''}`;
    if (kind === 'warning') warn(words);
    else if (option === 'keepNoCount') note(`${yellow('note:')} ${words}`);
    else if (option === 'dataset' && dataset.arrays.length > 1)
      note(`${yellow('note:')} ${text}; --dataset names another one`);
  }
}

/** What runs replaced in single frames, and their overloads; returns whether results are in doubt for it. */
export function tellReplaced(scan: Scan): boolean {
  const { texts, isDoubtful } = countTexts(scan);
  for (const text of texts) warn(text);
  return isDoubtful;
}
