/** `ewald figures REPORT -o FOLDER`: writes the pictures of a report as SVG or PNG files. */
import type { Command } from 'commander';
import { type FlagValues, figureRows, type Parameters, writeFigures } from '../../entries/command.node.js';
import { type CliDeps, print, printJson } from './output.js';
import { type FlagTexts, flagValues, withFlags } from './parameter-flags.js';
import { jsonRow } from './shell-rows.js';

const rows = {
  ...figureRows,
  json: jsonRow('one JSON document: [{name, caption, file}]'),
} as const satisfies Parameters;

export function register(program: Command, _: CliDeps): void {
  const command = program
    .command('figures')
    .description('write the pictures of a report as SVG or PNG files: cells, rates, powder, CC1/2 and more')
    .argument('<report>', 'the file that --html of ewald index or ewald merge wrote')
    .action((report: string, texts: FlagTexts) => run(report, flagValues(rows, texts)));
  withFlags(command, rows);
}

async function run(report: string, { json, ...options }: FlagValues<typeof rows>): Promise<void> {
  const figures = await writeFigures(report, options);
  if (json) printJson(figures);
  else for (const { file } of figures) print(file);
}
