/** Writes the calibration data of a run for Millepede-II, as CrystFEL's `--mille` does. */

import type { Geometry } from '../../crystal/geometry/geometry.js';
import type { Output } from '../../frames/files/write.js';
import { MilleRecords } from '../../refinement/mille.js';
import { counted } from '../../util/amounts.js';
import { closeOutput, type FrameSink } from './sink.js';

/** A record a crystal; `geometry` counts pixels as the peaks of the frames do. */
export function milleSink(output: Output, file: string, geometry: Geometry, maxLevel: number): FrameSink {
  const records = new MilleRecords(geometry, maxLevel);
  let [crystals, pairs] = [0, 0];
  return {
    isOfWholeRun: true,
    async add({ crystals: found, peaks, beam }) {
      for (const { cell, indices, peaks: own } of found) {
        const panel = Array.from(own, (i) => peaks.panel[i] as number);
        const fs = Array.from(
          own,
          (i, n) => (peaks.fs[i] as number) - (geometry.panels[panel[n] as number]?.minFs ?? 0),
        );
        const ss = Array.from(
          own,
          (i, n) => (peaks.ss[i] as number) - (geometry.panels[panel[n] as number]?.minSs ?? 0),
        );
        const record = records.record({ beam, cell, panel, fs, ss, indices });
        if (!record) continue;
        crystals++;
        pairs += record.pairs;
        await output.write(record.bytes);
      }
    },
    close: async (isWhole) =>
      `calibration data of ${counted(crystals, 'crystal')} (${counted(pairs, 'peak')}) in ` +
      (await closeOutput(output, file, isWhole)),
    discard: () => output.discard(),
  };
}
