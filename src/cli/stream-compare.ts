/** `ewald stream compare`: compares streams with each other or with a truth. */
import { compareStreamFiles } from '../entries/command.node.js';
import { bold, endDone, note, Progress, print, printJson, table, yellow } from './output.js';
import type { CompareFlags } from './stream-rows.js';

export async function run([file = '', other = '']: readonly string[], { json }: CompareFlags): Promise<void> {
  const progress = new Progress('compare');
  const { remarks, ...facts } = await compareStreamFiles(file, other, progress.report).finally(() => progress.end());
  endDone(remarks.length === 0);
  if (json) return printJson({ stream: file, other, ...facts, remarks });
  print(`${bold(file)} against ${other}`);
  const rows = Object.entries(facts).map(([name, value]) => [
    name.replace(/([A-Z0-9]+)/g, (word) => ` ${word.toLowerCase()}`),
    value === null ? '–' : String(Number(Number(value).toFixed(4))),
  ]);
  print(table(['', ''], rows, [1]));
  for (const remark of remarks) note(`${yellow('warning:')} ${remark}`);
}
