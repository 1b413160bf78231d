/**
 * Reads CrystFEL streams line by line, one chunk at a time, because files may be larger than memory. A stream written
 * by CrystFEL or by ewald survives reading and writing byte for byte.
 */
import { expects } from '../../util/arguments.js';
import { commaHint, decimal } from '../../util/decimal.js';
import { EwaldError, isEwaldError } from '../../util/errors.js';
import { refuseNoText } from '../../util/text-begin.js';
import type { Vector } from '../cell.js';
import { areIndices, wrongIndices } from '../indices.js';
import type { StreamReflection } from './stream.js';
import {
  longestBlock,
  marks,
  type StreamChunk,
  type StreamCrystal,
  type StreamHead,
  type StreamPeak,
} from './stream.js';

/** A stream being read. */
export interface StreamReader {
  readonly head: StreamHead;
  /** The frames in order; can be iterated once. A truncated last chunk throws `Format` after the complete ones. */
  chunks(): AsyncGenerator<StreamChunk>;
}

/** Lines with their numbers, with one line of lookahead. */
class Lines {
  readonly #source: AsyncIterator<string> | Iterator<string>;
  readonly name: string;
  #isOfWindows = false;
  number = 0;
  /** Whether a line was asked for after the last one. */
  isAtEnd = false;

  constructor(source: AsyncIterable<string> | Iterable<string>, name: string) {
    this.#source = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    this.name = name;
  }

  async next(): Promise<string | undefined> {
    const { done, value } = await this.#source.next();
    if (done) {
      this.isAtEnd = true;
      return undefined;
    }
    this.number++;
    expects(typeof value === 'string', `${this.name}:${this.number}: the line`, value, 'a string');
    // The first line of a stream that was on Windows tells that its lines end with two characters.
    if (value.startsWith(marks.format)) this.#isOfWindows = value.endsWith('\r');
    return this.#isOfWindows && value.endsWith('\r') ? value.slice(0, -1) : value;
  }

  /** Returns the next line; throws at the end of the file. */
  async want(what: string): Promise<string> {
    const line = await this.next();
    if (line === undefined) throw new EwaldError('Format', `${this.name}: the stream ends in the middle of ${what}`);
    return line;
  }

  fail(message: string): never {
    throw new EwaldError('Format', `${this.name}:${this.number}: ${message}`);
  }

  /** Parses a number as C prints it, including `inf` and `nan`. */
  real(text: string | undefined): number {
    const word = text ?? '';
    const value = /^[+-]?inf/i.test(word)
      ? word.startsWith('-')
        ? Number.NEGATIVE_INFINITY
        : Number.POSITIVE_INFINITY
      : /^[+-]?nan/i.test(word)
        ? Number.NaN
        : decimal(word);
    if (Number.isNaN(value) && !/^[+-]?nan/i.test(word)) this.fail(`"${word}" is not a number${commaHint(word)}`);
    return value;
  }
}

async function until(lines: Lines, end: string, what: string): Promise<string> {
  const block: string[] = [];
  let left = longestBlock;
  for (let line = await lines.want(what); line !== end; line = await lines.want(what)) {
    left -= line.length + 1;
    if (left < 0) lines.fail(`${what} has more than ${longestBlock} characters without an end`);
    block.push(line);
  }
  return block.map((line) => `${line}\n`).join('');
}

async function readHead(lines: Lines, given?: string): Promise<{ readonly head: StreamHead; readonly more: boolean }> {
  const first = given ?? (await lines.want('its first line'));
  refuseNoText(first, lines.name, 'a stream');
  if (!first.startsWith(marks.format))
    lines.fail(`"${first.slice(0, 60)}" is not the head of a stream; expected "${marks.format}2.3"`);
  const generator = await lines.want('its head');
  const head: Record<string, string | undefined> = {
    version: first.slice(marks.format.length),
    generator: generator.startsWith(marks.generator) ? generator.slice(marks.generator.length) : generator,
    commandLine: '',
  };
  for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
    if (line === marks.chunkBegin) return { head: head as unknown as StreamHead, more: true };
    if (line === marks.geometryBegin) head.geometry = await until(lines, marks.geometryEnd, 'the geometry');
    else if (line === marks.cellBegin) head.cell = await until(lines, marks.cellEnd, 'the unit cell');
    else if (line.startsWith(marks.methods)) head.indexingMethods = line.slice(marks.methods.length);
    else if (head.commandLine === '') head.commandLine = line;
  }
  return { head: head as unknown as StreamHead, more: false };
}

async function readPeaks(lines: Lines): Promise<StreamPeak[]> {
  await lines.want('a list of peaks');
  const peaks: StreamPeak[] = [];
  for (
    let line = await lines.want('a list of peaks');
    line !== marks.peaksEnd;
    line = await lines.want('a list of peaks')
  ) {
    const [fs, ss, inverseD, intensity, panel = ''] = line.trim().split(/\s+/);
    peaks.push({
      fs: lines.real(fs),
      ss: lines.real(ss),
      inverseD: lines.real(inverseD),
      intensity: lines.real(intensity),
      panel,
    });
  }
  return peaks;
}

async function readReflections(lines: Lines): Promise<StreamReflection[]> {
  await lines.want('a list of reflections');
  const reflections: StreamReflection[] = [];
  for (;;) {
    const line = await lines.want('a list of reflections');
    if (line === marks.reflectionsEnd) return reflections;
    const words = line.trim().split(/\s+/);
    const numbers = words.slice(0, 9).map((word) => lines.real(word)) as [number, number, number, ...number[]];
    const [h, k, l, intensity, sigma, peak, background, fs, ss] = numbers;
    if (words.length < 10) lines.fail(`"${line}" is not a reflection`);
    if (!areIndices(h, k, l)) lines.fail(`the reflection has ${wrongIndices(h, k, l)}`);
    reflections.push({ h, k, l, intensity, sigma, peak, background, fs, ss, panel: words[9] } as StreamReflection);
  }
}

const pair = (lines: Lines, line: string, pattern: RegExp): [number, number] | undefined => {
  const match = pattern.exec(line);
  return match ? [lines.real(match[1]), lines.real(match[2])] : undefined;
};

async function readCrystal(lines: Lines): Promise<StreamCrystal> {
  const reciprocal: Vector[] = [];
  const notes: string[] = [];
  const found: { -readonly [K in keyof StreamCrystal]?: StreamCrystal[K] } = {};
  for (;;) {
    const line = await lines.want('a crystal');
    if (line === marks.crystalEnd) break;
    const star = /^[abc]star = (\S+) (\S+) (\S+) nm\^-1$/.exec(line);
    const cell = /^Cell parameters +(\S+) +(\S+) +(\S+) nm, +(\S+) +(\S+) +(\S+) deg$/.exec(line);
    const [, key = '', value = ''] = /^(\S+) = (.*)$/.exec(line) ?? [];
    if (star) reciprocal.push([lines.real(star[1]), lines.real(star[2]), lines.real(star[3])]);
    else if (cell) found.parameters = cell.slice(1).map((x) => lines.real(x)) as unknown as StreamCrystal['parameters'];
    else if (key === 'lattice_type') found.latticeType = value;
    else if (key === 'centering') found.centering = value;
    else if (key === 'unique_axis') found.uniqueAxis = value;
    else if (key === 'profile_radius') found.profileRadius = lines.real(value.split(' ')[0]);
    else if (line.startsWith('predict_refine/det_shift '))
      found.shiftMm = pair(lines, line, /x = (\S+) y = (\S+) mm/) ?? lines.fail(`"${line}" is not a shift`);
    else if (key === 'diffraction_resolution_limit') {
      const [inverseNm, angstrom] =
        pair(lines, value, /^(\S+) nm\^-1 or (\S+) A/) ?? lines.fail(`"${line}" is not a resolution`);
      found.resolutionLimit = { inverseNm, angstrom };
    } else if (key === 'num_saturated_reflections') found.saturated = lines.real(value);
    else if (key === 'num_implausible_reflections') found.implausible = lines.real(value);
    else if (line === marks.reflectionsBegin) found.reflections = await readReflections(lines);
    else if (line !== marks.noReflections && key !== 'num_reflections') notes.push(line);
  }
  if (reciprocal.length !== 3) lines.fail('the crystal lacks astar, bstar or cstar');
  return {
    parameters: [Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN],
    latticeType: 'triclinic',
    centering: 'P',
    uniqueAxis: undefined,
    profileRadius: undefined,
    shiftMm: undefined,
    resolutionLimit: undefined,
    saturated: undefined,
    implausible: undefined,
    reflections: undefined,
    ...found,
    reciprocal: reciprocal as unknown as StreamCrystal['reciprocal'],
    notes,
  };
}

async function readChunk(lines: Lines): Promise<StreamChunk> {
  const notes: string[] = [];
  const crystals: StreamCrystal[] = [];
  const found: { -readonly [K in keyof StreamChunk]?: StreamChunk[K] } = {};
  for (;;) {
    const line = await lines.want('a chunk');
    if (line === marks.chunkEnd) break;
    if (line === marks.chunkBegin || line.startsWith(marks.format))
      lines.fail('a frame or a stream begins within another frame, which was cut');
    const [, key = '', value = ''] = /^(\S+) = (.*)$/.exec(line) ?? [];
    const number = () => lines.real(value.split(' ')[0]);
    if (line.startsWith('Image filename: ')) found.filename = line.slice(16);
    else if (line.startsWith('Event: ')) found.event = line.slice(7);
    else if (line.startsWith('Image serial number: ')) found.serial = lines.real(line.slice(21));
    else if (key === 'hit') found.hit = value === '1';
    else if (key === 'indexed_by') found.indexedBy ??= value;
    else if (line.startsWith(marks.indexedBy)) found.indexedBy = value;
    else if (key === 'n_indexing_tries') found.tries = number();
    else if (key === 'photon_energy_eV') found.photonEnergyEv = number();
    else if (key === 'beam_divergence') found.divergenceRad = number();
    else if (key === 'beam_bandwidth') found.bandwidth = number();
    else if (key === 'average_camera_length') found.cameraLengthM = number();
    else if (key === 'num_peaks') found.peakCount = number();
    else if (key === 'peak_resolution') {
      const [inverseNm, angstrom] =
        pair(lines, value, /^(\S+) nm\^-1 or (\S+) A/) ?? lines.fail(`"${line}" is not a resolution`);
      found.peakResolution = { inverseNm, angstrom };
    } else if (line === marks.peaksBegin) found.peaks = await readPeaks(lines);
    else if (line === marks.crystalBegin) crystals.push(await readCrystal(lines));
    else if (line !== '') notes.push(line);
  }
  if (found.filename === undefined) lines.fail('the chunk has no "Image filename"');
  return {
    filename: found.filename,
    event: found.event,
    serial: found.serial ?? 0,
    hit: found.hit ?? true,
    indexedBy: found.indexedBy ?? 'none',
    tries: found.tries,
    photonEnergyEv: found.photonEnergyEv ?? Number.NaN,
    divergenceRad: found.divergenceRad ?? 0,
    bandwidth: found.bandwidth ?? 0,
    notes,
    cameraLengthM: found.cameraLengthM ?? Number.NaN,
    peakResolution: found.peakResolution,
    peakCount: found.peakCount ?? found.peaks?.length ?? 0,
    peaks: found.peaks,
    crystals,
  };
}

/**
 * Reads the head of a stream; the frames come from `chunks()`.
 *
 * `source`: lines without their line ends (`text.split('\n')`, or `readline` over a file). Throws `Format` with the
 * line.
 */
export async function readStream(
  source: AsyncIterable<string> | Iterable<string>,
  name = 'stream',
): Promise<StreamReader> {
  const iterates =
    typeof source === 'object' && source !== null && (Symbol.iterator in source || Symbol.asyncIterator in source);
  expects(iterates, 'readStream: the source', source, "lines: text.split('\\n'), or readline over a file");
  const lines = new Lines(source, name);
  const { head, more } = await readHead(lines);
  /** The next frame. A line that cannot be read and is the last one is cut. */
  const nextChunk = async (): Promise<StreamChunk> => {
    try {
      return await readChunk(lines);
    } catch (cause) {
      const { number } = lines;
      if (!isEwaldError(cause, 'Format') || lines.isAtEnd || (await lines.next()) !== undefined) throw cause;
      throw new EwaldError('Format', `${name}:${number}: the stream ends within this line, in the middle of a frame`, {
        cause,
      });
    }
  };
  return {
    head,
    async *chunks() {
      if (!more) return;
      yield await nextChunk();
      for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
        if (line === marks.chunkBegin) yield await nextChunk();
        else if (line.startsWith(marks.format)) {
          const { number } = lines;
          const further = await readHead(lines, line);
          // Positions of peaks would be those of another detector.
          if (further.head.geometry !== head.geometry)
            throw new EwaldError(
              'Format',
              `${name}:${number}: another stream with another geometry begins here; give the streams as separate files`,
            );
          if (further.more) yield await nextChunk();
        } else if (line !== '' && !line.startsWith(marks.unread) && line !== marks.otherCell)
          lines.fail(`"${line.slice(0, 60)}" is between two chunks, where nothing is expected`);
      }
    },
  };
}
