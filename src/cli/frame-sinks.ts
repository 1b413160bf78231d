/** What a run may write beside its stream: orientations as .sol, peaks and cells as HDF5, a report. */

import { type Output, openOutput } from '../files/write.js';
import type { LatticeName } from '../pipeline/chunk.js';
import type { FrameRecord } from '../pipeline/record.js';
import { oneLine } from '../plain-text.js';

/** Takes the frames of a run in their order. */
export interface FrameSink {
  add(record: FrameRecord): Promise<void>;
  /** A frame that could not be read. */
  fail?(): void;
  /** Writes what is gathered; answers what is told of it. */
  close(): Promise<string>;
  discard(): Promise<void>;
}

const letters: Readonly<Record<string, string>> = {
  triclinic: 'a',
  monoclinic: 'm',
  orthorhombic: 'o',
  tetragonal: 't',
  rhombohedral: 'r',
  hexagonal: 'h',
  cubic: 'c',
};

/** Orientations as CrystFEL's `--indexing=file` reads them: a*, b*, c* in 1/nm, shifts of the detector, the lattice. */
export async function solutionSink(file: string, force: boolean, names: readonly LatticeName[]): Promise<FrameSink> {
  const line = /^"?\S.*"? \/\/\S+ (\S+ ){11}\w+\n/;
  const output: Output = await openOutput(file, {
    force,
    replaces: (head) => line.test(new TextDecoder().decode(head)),
    otherwise: 'is no list of orientations',
  });
  let count = 0;
  let unnamed = 0;
  return {
    async add({ origin, crystals }) {
      // The reader ends a quoted name at the first quotation mark.
      if (origin.filename.includes('"')) {
        unnamed += crystals.length;
        return;
      }
      for (const { reciprocal, inputCell } of crystals) {
        const name = names[inputCell];
        const numbers = reciprocal.flat().map((x) => (10 * x).toFixed(7));
        const lattice = `${letters[name?.lattice ?? ''] ?? 'a'}${name?.centring ?? 'P'}${name?.uniqueAxis ?? ''}`;
        // The reader takes a name with spaces in quotes.
        const named = oneLine(origin.filename, 'the name of the file');
        const shown = /\s/.test(named) ? `"${named}"` : named;
        count++;
        await output.write(`${shown} //${origin.event ?? 0} ${numbers.join(' ')} 0.0 0.0 ${lattice}\n`);
      }
    },
    async close() {
      await output.close();
      const skipped =
        unnamed === 0 ? '' : `; ${unnamed} were skipped, because their file names contain quotation marks`;
      return `${count} orientations in ${file}${skipped}`;
    },
    discard: () => output.discard(),
  };
}
