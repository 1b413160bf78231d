/** `ewald udf new`: starts a project for a user-defined function. */
import { relative } from 'node:path';
import type { Command } from 'commander';
import { type FlagValues, newUdf, newUdfRows, type Parameters } from '../../entries/command.node.js';
import { inShell } from './command-line.js';
import { bold, type CliDeps, dim, print, printJson } from './output.js';
import { type FlagTexts, flagValues, withFlags } from './parameter-flags.js';
import { jsonRow } from './shell-rows.js';

const rows = {
  ...newUdfRows,
  json: jsonRow('one JSON document: {name, language, folder, files}'),
} as const satisfies Parameters;

export function register(program: Command, _: CliDeps): void {
  const udf = program.command('udf').description('user-defined functions, which ewald run and JavaScript call');
  const starting = udf
    .command('new')
    .description('start a project with a function, its test and package.json')
    .argument('<name>', 'name of the function, such as radialVariance')
    .action((name: string, texts: FlagTexts) => start(name, flagValues(rows, texts)));
  withFlags(starting, rows);
}

async function start(name: string, { json = false, ...options }: FlagValues<typeof rows>): Promise<void> {
  const { language = newUdfRows.language.fallback } = options;
  const { folder, files } = await newUdf(name, options);
  if (json) return printJson({ name, language, folder, files });
  const place = relative('', folder) || folder;
  print(`${bold(place)}  ${files.join('  ')}`);
  print(dim(`build and test it: cd ${inShell(place)} && npm install && npm test`));
  print(dim(`run it: ewald run scan.mib --udf ${inShell(`${place}/${name}.mjs`)}`));
}
