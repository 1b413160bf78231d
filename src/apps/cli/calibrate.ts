/** `ewald calibrate SCAN -o scan.cal.json`: what a scan tells about its optics, from its frames alone. */
import type { Command } from 'commander';
import {
  calibrateRows,
  calibrationTexts,
  checkOutput,
  type FlagValues,
  isCutFile,
  openRows,
  type Parameters,
  scanRunRows,
  writeWhole,
} from '../../entries/command.node.js';
import { Context } from '../../entries/udf.node.js';
import { openOptions } from './data-options.js';
import { bold, type CliDeps, dim, endDone, note, Progress, print, printJson, yellow } from './output.js';
import { type FlagTexts, flagValues, pickFlags, withFlags } from './parameter-flags.js';
import { tellNotes, tellReplaced } from './scan-notes.js';
import { backendRow, jsonRow } from './shell-rows.js';

const rows = {
  output: {
    common: true,
    group: 'output',
    kind: 'text',
    short: 'o',
    sentence: 'file for the result, .json, which --calibration of ewald run takes; written completely or not at all',
    usual: '',
    value: 'file.json',
  },
  force: { common: true, group: 'output', kind: 'boolean', sentence: 'replaces an existing file; never an input' },
  ...calibrateRows,
  keepNoCount: scanRunRows.keepNoCount,
  backend: { ...backendRow, sentence: 'backend of the kernels' },
  json: jsonRow('{format, version, file, shape, centre, disk, ellipse, descan, rotation, badPixels, stop, notes}'),
  ...openRows,
} as const satisfies Parameters;

export function register(program: Command, deps: CliDeps): void {
  const command = program
    .command('calibrate')
    .description('find centre, radius, descan, rotation and bad pixels of a scan from its frames')
    .argument('<scan>', 'a file of frames of a scan; ewald info describes it')
    .action((scan: string, texts: FlagTexts) => run(scan, flagValues(rows, texts), deps));
  withFlags(command, rows);
}

async function run(file: string, flags: FlagValues<typeof rows>, { signal }: CliDeps): Promise<void> {
  const { output, force, backend, json } = flags;
  const writing = { force, series: [file], endings: ['.json'], replaces: isCalibration };
  if (output !== undefined) await checkOutput(output, writing);
  const ctx = new Context(backend === undefined ? {} : { context: { backend: backend as 'wasm' } });
  const progress = new Progress('calibrate');
  try {
    const scan = await ctx.load(file, { ...openOptions(flags, signal), keepNoCount: flags.keepNoCount });
    const found = await ctx.calibrate(scan, {
      ...pickFlags(calibrateRows, flags),
      signal,
      onProgress: progress.report,
    });
    progress.end();
    tellNotes(scan);
    if (output !== undefined) await writeWhole(output, `${JSON.stringify(found)}\n`, writing);
    if (json) printJson(found);
    else if (output !== '-') {
      for (const [name, text] of calibrationTexts(found)) print(`${bold(name.padEnd(9))} ${text}`);
      for (const one of found.notes) note(`${yellow('note:')} ${one}`);
      print(dim(output ?? 'nothing was written: -o FILE.json keeps it for --calibration'));
    }
    // Without centre and radius, or a scale that was asked for, a part is missing; rings alone have no radius.
    const { centre, disk, scale } = found;
    const isWhole = scale ? !('refused' in scale) && !('refused' in centre) : !('refused' in disk);
    endDone(isWhole && !tellReplaced(scan) && !isCutFile(scan.dataset));
  } finally {
    progress.end();
    await ctx.close();
  }
}

/** Whether a file begins as a calibration does. */
const isCalibration = (head: Uint8Array): boolean =>
  new TextDecoder().decode(head.subarray(0, 64)).startsWith('{"format":"ewald calibration"');
