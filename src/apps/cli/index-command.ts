/** `ewald index`: its flags. What runs is loaded when they have been read. */
import type { Command } from 'commander';
import { indexingRows, type Parameters, thresholdRows, unknownCellRows } from '../../entries/command.node.js';
import { everywhereRows, indexRows, withFrameFlags } from './frame-rows.js';
import { listRows } from './list-rows.js';
import type { CliDeps } from './output.js';
import { type FlagTexts, flagValues, withFlags } from './parameter-flags.js';

/** All flags of the command. */
const rows = { ...everywhereRows, ...indexRows } as const satisfies Parameters;

export function register(program: Command, deps: CliDeps): void {
  const command = program
    .command('index')
    .description('from detector frames, or the spots of stills, to oriented crystal cells')
    .argument(
      '[files...]',
      'files of detector frames, or spot lists, or - for standard input: ' +
        'x y z of one spot per line, further columns are ignored; a first line of nine numbers is the known ' +
        'cell (angstrom)',
    );
  withFlags(command, everywhereRows);
  withFlags(command, { ...indexingRows, ...thresholdRows, ...listRows, ...unknownCellRows });
  // Help and checks of flags need nothing of what runs.
  withFrameFlags(command).action(async (files: string[], texts: FlagTexts) => {
    const flags = flagValues(rows, texts);
    const { runIndex } = await import('./index-lists.js');
    return runIndex(files, flags, deps);
  });
}
