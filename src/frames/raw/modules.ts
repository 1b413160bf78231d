/**
 * Frames of a run folder of the European XFEL, whose modules are in files of their own: rows of the modules belong
 * together by train and pulse, never by their order, and the sequences of modules break at different trains.
 */

import type { ByteSource } from '../../bytes/byte-source.js';
import { type DataType, type FrameArray, viewAs } from '../../bytes/dtype.js';
import { Hdf5Dataset } from '../../hdf5/dataset.js';
import { type Hdf5File, Hdf5Group } from '../../hdf5/file.js';
import { counted } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import type { Dataset, FieldValues, Note } from '../dataset.js';
import { openFrames } from '../frames.js';
import { readField } from '../hdf5/field.js';
import type { ModuleFile } from './module-names.js';

/** Modules of detectors that always have as many; those of a JUNGFRAU are counted from 1. */
const modulesOf: Readonly<Record<string, number>> = { AGIPD: 16, LPD: 16, DSSC: 16 };

/** How the files of modules are opened. */
export interface ModuleOpening<Input> {
  /** A dataset of a file. */
  readonly dataset: (input: Input, path: string) => Promise<Dataset>;
  /** The groups of a file; the caller closes it. */
  readonly groups: (input: Input) => Promise<{ readonly file: Hdf5File; close(): Promise<void> }>;
}

/** Where a frame of a module is. */
interface ModuleRow {
  readonly part: ModulePart;
  /** Frame of its arrays. */
  readonly frame: number;
}

/** An open file of a module. */
interface ModulePart {
  readonly module: number;
  readonly name: string;
  readonly data: Dataset;
  /** Gain stages beside the ADC, as a JUNGFRAU has them. */
  readonly gain: Dataset | undefined;
  /** Pixels that the facility's correction calls bad, frame by frame. */
  readonly mask: Dataset | undefined;
  /** Train and pulse of each row, and the arrays' frame of it. */
  readonly rows: readonly { readonly train: number; readonly pulse: number; readonly frame: number }[];
}

/** Opens the modules of a folder as one stack of frames [modules · rows, columns]. Throws `Argument`, `Format`, `Shape`. */
export async function openModules<Input>(
  name: string,
  files: readonly ModuleFile<Input>[],
  opening: ModuleOpening<Input>,
): Promise<Dataset> {
  const detector = refuseMixed(name, files);
  const parts: ModulePart[] = [];
  const close = async (): Promise<void> => {
    for (const { data, gain, mask } of parts) for (const one of [data, gain, mask]) await one?.dispose();
  };
  try {
    for (const file of files) parts.push(await openPart(file, opening));
    return stackOfModules(name, detector, parts, close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** Throws `Argument` for files of several runs, detectors or stages. */
function refuseMixed(name: string, files: readonly ModuleFile<unknown>[]): string {
  for (const [what, of] of [
    ['runs', (file) => file.run],
    ['detectors', (file) => file.detector],
    ['kinds of files', (file) => file.kind],
  ] as const satisfies [string, (file: ModuleFile<unknown>) => string][]) {
    const all = [...new Set(files.map(of))];
    if (all.length > 1)
      throw new EwaldError(
        'Argument',
        `${name} has modules of several ${what}: ${all.join(', ')}; give the files of one: '${name}/*${all[0]}*.h5'`,
      );
  }
  return files[0]?.detector ?? '';
}

async function openPart<Input>(
  { input, name, module }: ModuleFile<Input>,
  opening: ModuleOpening<Input>,
): Promise<ModulePart> {
  const { file, close } = await opening.groups(input);
  try {
    const source = await sourceIn(file, name);
    const [trains, pulses] = [
      await numbersAt(file, `${source}/trainId`),
      (await numbersAt(file, `${source}/pulseId`)) ?? (await numbersAt(file, `${source}/memoryCell`)),
    ];
    if (!trains) throw new EwaldError('Format', `${name}: ${source} has no trainId, by which modules are matched`);
    const values = (await file.get(`${source}/adc`)) instanceof Hdf5Dataset ? 'adc' : 'data';
    const has = async (path: string): Promise<boolean> => (await file.get(path)) instanceof Hdf5Dataset;
    const data = await opening.dataset(input, `${source}/${values}`);
    // Of a train, a JUNGFRAU has several memory cells; raw frames of an AGIPD are pairs of ADC and gain.
    const each = data.frames / trains.length;
    const areCells = values === 'adc' || /daqOutput/.test(source);
    if (!Number.isInteger(each))
      throw new EwaldError(
        'Format',
        `${name}: ${source} has ${data.frames} frames of ${trains.length} trains; its arrays do not belong together`,
      );
    const rows = trains.flatMap((train, row) =>
      Array.from({ length: areCells ? each : 1 }, (_, cell) => ({
        train,
        pulse: pulses?.[areCells && pulses.length > trains.length ? row * each + cell : row] ?? cell,
        frame: row * each + cell,
      })),
    );
    const isRaw = values === 'adc' && (await has(`${source}/gain`));
    const isMasked = /^f/.test(data.dtype) && (await has(`${source}/mask`));
    return {
      module,
      name,
      data,
      gain: isRaw ? await opening.dataset(input, `${source}/gain`) : undefined,
      mask: isMasked ? await opening.dataset(input, `${source}/mask`) : undefined,
      // Trains that were lost on the way have the number 0.
      rows: rows.filter(({ train }) => train > 0),
    };
  } finally {
    await close();
  }
}

/** The group of a file that holds the frames of its module. Throws `Format`. */
async function sourceIn(file: Hdf5File, name: string): Promise<string> {
  const namesIn = async (path: string): Promise<string[]> => {
    const group = await file.get(path);
    return group instanceof Hdf5Group ? [...group.links.keys()].map((one) => `${path}/${one}`) : [];
  };
  let paths = ['/INSTRUMENT'];
  for (let level = 0; level < 3; level++) paths = (await Promise.all(paths.map(namesIn))).flat();
  for (const path of paths)
    for (const [end, group] of [
      [':xtdf', 'image'],
      [':daqOutput', 'data'],
    ] as const)
      if (path.endsWith(end)) return `${path}/${group}`;
  throw new EwaldError(
    'Format',
    `${name} has no source of a module (INSTRUMENT/…:xtdf/image or …:daqOutput/data), as files of the European XFEL have`,
  );
}

async function numbersAt(file: Hdf5File, path: string): Promise<number[] | undefined> {
  const object = await file.get(path);
  if (!(object instanceof Hdf5Dataset)) return undefined;
  const isTable = object.shape.filter((n) => n !== 1).length > 1;
  if (!isTable) return (await readField(file, path))?.values.map(Number);
  const value = await object.value();
  return Array.from(value as ArrayLike<number | bigint>, Number);
}

/** Types of the pixels of modules. */
const moduleTypes: readonly DataType[] = ['u16', 'i16', 'u32', 'f32'];

function stackOfModules(
  name: string,
  detector: string,
  parts: readonly ModulePart[],
  close: () => Promise<void>,
): Dataset {
  const [first] = parts as [ModulePart];
  const [rows = 1, columns = 1] = first.data.shape.sig.slice(-2);
  for (const { name: file, data } of parts)
    if (data.dtype !== first.data.dtype || data.shape.sig.join() !== first.data.shape.sig.join())
      throw new EwaldError(
        'Shape',
        `${file}: frames are ${data.dtype} of [${data.shape.sig.join(', ')}], but those of ${first.name} ` +
          `${first.data.dtype} of [${first.data.shape.sig.join(', ')}]; expected one detector`,
      );
  const numbers = [...new Set(parts.map(({ module }) => module))].sort((a, b) => a - b);
  const from = detector in modulesOf || numbers[0] === 0 ? 0 : 1;
  const count = Math.max(modulesOf[detector] ?? 0, (numbers.at(-1) as number) - from + 1);
  const { frames, notes } = matched(name, parts, numbers);
  const absent = Array.from({ length: count }, (_, i) => i + from).filter((number) => !numbers.includes(number));
  if (absent.length > 0)
    notes.push({
      kind: 'warning',
      text: `${name} has no files of ${detector} ${absent.map(twoDigits).join(', ')}: their pixels are bad`,
    });
  const [length, size] = [rows * columns, count * rows * columns];
  const { dtype } = first.data;
  if (!moduleTypes.includes(dtype))
    throw new EwaldError('Unsupported', `modules of ${dtype}; expected ${moduleTypes.join(', ')}`);
  const bad = new Uint8Array(size);
  for (const number of absent) bad.fill(1, (number - from) * length, (number - from + 1) * length);
  const readOne = async (frame: number, into: FrameArray): Promise<void> => {
    const found = frames[frame]?.rows as readonly ModuleRow[];
    if (absent.length > 0) (into as Float32Array).fill(dtype === 'f32' ? Number.NaN : 0);
    await Promise.all(
      found.map(async ({ part, frame: at }) => {
        const start = (part.module - from) * length;
        const out = into.subarray(start, start + length) as Uint16Array;
        await part.data.read(at, 1, out);
        const gain = await part.gain?.read(at, 1);
        // The gain stage of a word is in the bits above its ADC.
        if (gain) for (let i = 0; i < length; i++) out[i] = ((out[i] as number) & 0x3fff) | (Number(gain[i]) << 14);
        const mask = await part.mask?.read(at, 1);
        if (mask) for (let i = 0; i < length; i++) if (Number(mask[i]) !== 0) out[i] = Number.NaN;
      }),
    );
  };
  const field = (column: 'train' | 'pulse'): FieldValues => ({ kind: 'int', values: frames.map((one) => one[column]) });
  const { meta, filters } = first.data;
  return openFrames(nothing(name), {
    format: 'hdf5',
    shape: { nav: [frames.length], sig: [count * rows, columns] },
    dtype,
    meta: { ...meta, axes: undefined },
    notes,
    filters,
    readFrame: async (frame, into) => {
      const out = viewAs(into, dtype);
      if (out.buffer !== into.buffer) throw new EwaldError('Internal', `${name}: frames of ${dtype} are not aligned`);
      await readOne(frame, out);
    },
    ...(absent.length > 0 && { mask: async () => bad.slice() }),
    field: async (path) => (path === 'trainId' ? field('train') : path === 'pulseId' ? field('pulse') : undefined),
    onDispose: close,
  });
}

const twoDigits = (number: number): string => String(number).padStart(2, '0');

/** Frames that all modules have, by train and pulse, and what is said of the others. Throws `Format` without any. */
function matched(name: string, parts: readonly ModulePart[], numbers: readonly number[]) {
  const byPulse = new Map<string, { train: number; pulse: number; rows: Map<number, ModuleRow> }>();
  const twice = new Set<number>();
  for (const part of parts)
    for (const { train, pulse, frame } of part.rows) {
      const key = `${train} ${pulse}`;
      const found = byPulse.get(key) ?? { train, pulse, rows: new Map<number, ModuleRow>() };
      byPulse.set(key, found);
      if (found.rows.has(part.module)) twice.add(part.module);
      else found.rows.set(part.module, { part, frame });
    }
  const all = [...byPulse.values()].sort((a, b) => a.train - b.train || a.pulse - b.pulse);
  const whole = all.filter(({ rows }) => rows.size === numbers.length);
  if (whole.length === 0)
    throw new EwaldError(
      'Format',
      `${name}: its ${numbers.length} modules have no train and pulse in common; expected files of one run`,
    );
  const notes: Note[] = [];
  if (whole.length < all.length) {
    const lacks = numbers
      .map((module) => ({ module, count: all.filter(({ rows }) => !rows.has(module)).length }))
      .filter(({ count }) => count > 0)
      .map(({ module, count }) => `${count} in module ${twoDigits(module)}`);
    notes.push({
      kind: 'warning',
      text:
        `${counted(all.length - whole.length, 'pulse')} of ${all.length} are left out, which some modules lack: ` +
        lacks.join(', '),
    });
  }
  if (twice.size > 0)
    notes.push({
      kind: 'warning',
      text: `module ${[...twice].map(twoDigits).join(', ')} has pulses twice, of which the first is taken`,
    });
  return { frames: whole.map(({ train, pulse, rows }) => ({ train, pulse, rows: [...rows.values()] })), notes };
}

/** The source of frames of several files, which has a name alone. */
const nothing = (name: string): ByteSource => ({
  name,
  size: 0,
  read: () => Promise.reject(new EwaldError('Internal', `${name} is several files`)),
  sibling: () => Promise.reject(new EwaldError('Internal', `${name} is several files`)),
  close: async () => undefined,
});
