/** `ewald calibrate SCAN -o scan.cal.json`: what a scan tells about its optics, from its frames alone. */
import {
  answerSignalsOnce,
  calibrateRows,
  calibrationTexts,
  changesOf,
  checkOutput,
  isCutFile,
  sliceOf,
  untilOf,
  writeWhole,
} from '../entries/command.node.js';
import { Context } from '../entries/udf.node.js';
import type { CalibrateFlags } from './calibrate-rows.js';
import { openOptions } from './data-options.js';
import { bold, type CliDeps, dim, endDone, note, Progress, print, printJson, yellow } from './output.js';
import { pickFlags } from './parameter-flags.js';
import { tellNotes, tellReplaced } from './scan-notes.js';

/** Calibrates a scan. */
export async function run([file = '']: readonly string[], flags: CalibrateFlags, { signal }: CliDeps): Promise<void> {
  const { output, force, backend, json } = flags;
  const writing = { force, series: [file], endings: ['.json'], replaces: isCalibration };
  if (output !== undefined) await checkOutput(output, writing);
  const ctx = new Context(backend === undefined ? {} : { context: { backend: backend as 'wasm' } });
  const progress = new Progress('calibrate');
  try {
    const scan = await ctx.load(file, {
      ...untilOf(sliceOf('', flags).end),
      ...openOptions(flags, signal),
      keepNoCount: flags.keepNoCount,
    });
    // With the addon a second Ctrl-C ends what is not told of the first, such as the plan of a scan of 10⁹ frames.
    answerSignalsOnce();
    const calibration = await ctx.calibrate(scan, {
      ...pickFlags(calibrateRows, flags),
      signal,
      onProgress: progress.report,
    });
    progress.end();
    tellNotes(scan);
    if (output !== undefined) await writeWhole(output, `${JSON.stringify(calibration)}\n`, writing);
    if (json) printJson(calibration);
    else if (output !== '-') {
      for (const [name, text] of calibrationTexts(calibration)) print(`${bold(name.padEnd(9))} ${text}`);
      for (const one of calibration.notes) note(`${yellow('note:')} ${one}`);
      print(dim(output ?? 'nothing was written: -o FILE.json keeps it for --calibration'));
    }
    // Without centre and radius, or a scale that was asked for, a part is missing; rings alone have no radius.
    const { centre, disk, scale } = calibration;
    const isWhole = scale ? !('refused' in scale) && !('refused' in centre) : !('refused' in disk);
    const hasChanged = (await changesOf(scan)).length > 0;
    endDone(isWhole && !tellReplaced(scan) && !isCutFile(scan.dataset) && !hasChanged);
  } finally {
    progress.end();
    await ctx.close();
  }
}

/** Whether a file begins as a calibration does. */
const isCalibration = (head: Uint8Array): boolean =>
  new TextDecoder().decode(head.subarray(0, 64)).startsWith('{"format":"ewald calibration"');
