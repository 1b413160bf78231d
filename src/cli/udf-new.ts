/** `ewald udf new`: starts a project for a user-defined function. */
import { relative } from 'node:path';
import { newUdf, newUdfRows } from '../entries/command.node.js';
import { inShell } from './command-line.js';
import { bold, dim, print, printJson } from './output.js';
import type { NewUdfFlags } from './udf-rows.js';

export async function run([name = '']: readonly string[], { json = false, ...options }: NewUdfFlags): Promise<void> {
  const { language = newUdfRows.language.fallback } = options;
  const { folder, files } = await newUdf(name, options);
  if (json) return printJson({ name, language, folder, files });
  const place = relative('', folder) || folder;
  print(`${bold(place)}  ${files.join('  ')}`);
  print(dim(`build and test it: cd ${inShell(place)} && npm install && npm test`));
  print(dim(`run it: ewald run scan.mib --udf ${inShell(`${place}/${name}.mjs`)}`));
}
