/** Outputs of a run other than its stream: orientations as .sol, peaks and cells as HDF5, a report. */

import type { KnownCell } from '../../crystal/cell-file.js';
import type { LatticeName } from '../../crystal/lattice-name.js';
import type { Output, WriteOptions } from '../../frames/files/write.js';
import type { ShownPanes } from '../../merging/shown-panes.js';
import { pageBegin } from '../../report/page.js';
import { counted } from '../../util/amounts.js';
import type { MethodOf } from '../../util/members.js';
import { oneLine } from '../../util/plain-text.js';
import type { FrameFailure, FrameRecord } from '../record.js';
import { eventText } from '../streams/chunk.js';

/** Receives the frames of a run in order. */
export interface FrameSink {
  add(record: FrameRecord): Promise<void>;
  /** Whether frames without peaks, indices and reflections are enough for it; default false. */
  readonly isBrief?: boolean | undefined;
  /** Whether it receives the frames of the earlier sessions of a run that is resumed as well; default false. */
  readonly isOfWholeRun?: boolean | undefined;
  /** A frame that could not be read. */
  fail?: MethodOf<[failure: FrameFailure], void> | undefined;
  /** What it has found so far, in a few words, for the viewer that follows the run. */
  status?: MethodOf<[], string | undefined> | undefined;
  /** Called before the first frame with the head of the stream: its geometry and its cell. */
  begin?: MethodOf<[head: string], void> | undefined;
  /** Called before the first frame with the largest 1/d of the detector, 1/Å; throws for what cannot be reached. */
  checkReach?: MethodOf<[largestInverseD: number], void> | undefined;
  /** Called before the first frame with the known cells that are given; throws for what crystals of none can be. */
  checkCells?: MethodOf<[cells: readonly KnownCell[]], void> | undefined;
  /** What it adds to the page of the run. */
  panes?: MethodOf<[], ShownPanes> | undefined;
  /** The data set of a frame, by which the page separates its numbers; undefined for a frame of none. */
  datasetOf?: MethodOf<[record: { readonly chunk: string }], string | undefined> | undefined;
  /** Its results as HTML, which the report of the run includes; requested after `close`. */
  reportSection?: MethodOf<[], string | undefined> | undefined;
  /**
   * Writes what was collected; returns a description of it. For an interrupted run (`isWhole` is false) the file
   * becomes `NAME.part`, and `NAME` is kept.
   */
  close(isWhole: boolean): Promise<string>;
  discard(): Promise<void>;
}

const headText = (head: Uint8Array): string => new TextDecoder().decode(head);

/** Whether bytes begin with a record of Millepede-II: twice the number of its words, of which the first is a zero. */
function beginsMilleRecord(head: Uint8Array): boolean {
  if (head.length < 12) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const twice = view.getInt32(0, true);
  const ofIntegers = 4 + 2 * twice;
  return (
    twice > 0 &&
    twice % 2 === 0 &&
    view.getInt32(4, true) === 0 &&
    (ofIntegers + 4 > head.length || view.getInt32(ofIntegers, true) === 0)
  );
}

/**
 * The existing files that each output may replace: except for the report, their contents do not show who wrote them.
 */
export const sinkWriting = {
  sol: { left: (head) => /^[^\n]+ \S*\/\/\d*(?: -?\d+\.\d+){11} [a-z][A-Z][a-c]?\n/.test(headText(head)) },
  hdf5: {
    otherwise: 'may hold frames of an experiment',
    // The first value in the file is the name of the program.
    left: (head) => /^.HDF\r\n[\s\S]{1,200}ewald \d/.test(headText(head)),
  },
  hits: {
    otherwise: 'may hold frames that are nowhere else',
    // The first value in the file is the name of the program.
    left: (head) => /^.HDF\r\n[\s\S]{1,200}ewald hits \d/.test(headText(head)),
  },
  html: {
    replaces: (head) => headText(head).startsWith(pageBegin),
    otherwise: 'is not a report that ewald wrote',
  },
  refinedGeometry: {
    otherwise: 'may be a geometry of yours',
    // As `formatGeometry` begins, with or without the comments of a refinement.
    left: (head) => /^(; ewald refined |(wavelength|photon_energy|electron_voltage) = )/.test(headText(head)),
  },
  hitsGeometry: {
    otherwise: 'may be a geometry of yours',
    left: (head) => headText(head).includes('\npeak_list = /entry_1/result_1\n'),
  },
  milleFile: { otherwise: 'may be the calibration data of another run', left: beginsMilleRecord },
} satisfies Readonly<Record<string, WriteOptions>>;

/** Closes a file according to the outcome of the run; returns its name. */
export async function closeOutput(output: Output, file: string, isWhole: boolean): Promise<string> {
  if (!isWhole) return (await output.keep()) ?? file;
  await output.close();
  return file;
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

/** Writes orientations for CrystFEL's `--indexing=file`: a*, b*, c* in 1/nm, shifts of the detector, the lattice. */
export function solutionSink(output: Output, file: string, names: readonly LatticeName[]): FrameSink {
  let count = 0;
  let unnamed = 0;
  return {
    isBrief: true,
    isOfWholeRun: true,
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
        // The reader expects names with spaces in quotes.
        const named = oneLine(origin.filename, 'the name of the file');
        const shown = /\s/.test(named) ? `"${named}"` : named;
        count++;
        await output.write(`${shown} ${eventText(origin) ?? '//0'} ${numbers.join(' ')} 0.0 0.0 ${lattice}\n`);
      }
    },
    async close(isWhole) {
      const skipped = unnamed === 0 ? '' : `; ${unnamed} skipped, with quotation marks in the names of their files`;
      return `${counted(count, 'orientation')} in ${await closeOutput(output, file, isWhole)}${skipped}`;
    },
    discard: () => output.discard(),
  };
}

/** The outcome of one output. */
export interface OutputEnd {
  readonly output: 'stream' | 'sink';
  /** `written` if complete, `kept` if it contains the frames that an interrupted run has finished, or `failed`. */
  readonly state: 'written' | 'kept' | 'failed';
  /** The name of the file; undefined for a function, a pipe or standard output. */
  readonly file?: string | undefined;
  /** The report of the output, in words. */
  readonly text?: string | undefined;
}
