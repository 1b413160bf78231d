/**
 * Parses streams into columns: rows of reflections are read from the bytes without making strings, and parts that a
 * merge does not need (peaks, geometry, notes) are skipped. Reads streams of CrystFEL and of ewald, format 2.1 and
 * later.
 */

import { areIndices, wrongIndices } from '../../crystal/indices.js';
import { marks } from '../../crystal/stream/stream.js';
import { EwaldError } from '../../util/errors.js';
import { photonAeV } from '../../util/photons.js';
import { refuseNoText } from '../../util/text-begin.js';
import type { Collector, ReflectionRow } from './collector.js';
import type { Mark, ObservationColumns } from './columns.js';
import { noCounts, type ScanCounts } from './counts.js';
import { numberOfCell } from './named-axes.js';

/** The header of a stream, which applies to all of its frames. */
export interface ScannedHead {
  readonly version: string;
  /** Detector counts per photon and per eV, from the geometry; undefined if not stated. */
  readonly aduPerPhoton: number | undefined;
  readonly aduPerEv: number | undefined;
  /** `a`, `b`, `c` or `*`, from the target cell. */
  readonly uniqueAxis: string | undefined;
  readonly centering: string | undefined;
  readonly latticeType: string | undefined;
  readonly bandwidth: number | undefined;
  /** Whether the run that wrote the stream doubts its cell. */
  readonly isCellDoubtful: boolean;
  /** Whether it found the cell to be a multiple of the right one, or of another centring. */
  readonly isOtherCell: boolean;
  /** The text of the target cell, used to compare streams. */
  readonly cell: string;
  readonly geometry: string;
}

const newline = 10;
const [space, minus, plus, point, zero, nine] = [32, 45, 43, 46, 48, 57];
const wanted =
  /^(Image filename: |Event: |photon_energy_eV = |beam_bandwidth = |Cell parameters |[abc]star = |profile_radius = |diffraction_resolution_limit = |num_reflections = |header\/(?:int|float|str)\/|hdf5\/|ewald\/(?:roi\/|axes = |other_hand = )|-----? |--- |Reflections measured|Peaks from peak search)/;

type StreamSection = 'start' | 'head' | 'geometry' | 'cell' | 'chunk' | 'peaks' | 'rows' | 'between';

interface Crystal {
  readonly reciprocal: number[];
  parameters: number[];
  limit: number;
  profileRadius: number;
  axes: number;
  /** Number of its reflections as the stream states it; NaN if it does not. */
  stated: number;
  isHandOpen: boolean;
}

/** Whether a line is a row of reflections: it begins with padding, or with an index of four characters. */
function beginsRow(bytes: Uint8Array, at: number): boolean {
  const digit = (code: number | undefined): boolean => code !== undefined && code >= zero && code <= nine;
  const first = bytes[at];
  return first === space || digit(first) || (first === minus && digit(bytes[at + 1]));
}

/** Reads one stream, given in pieces of any size. */
export class StreamScanner {
  readonly #collector: Collector;
  readonly #columns: ObservationColumns;
  readonly #counts: ScanCounts;
  readonly #name: string;
  readonly #text = new TextDecoder();
  #rest = new Uint8Array(0);
  #line = 0;
  #part: StreamSection = 'start';
  #version = '';
  /** Of each stream in the file: several follow one another where `cat` joined them. */
  readonly #geometries: string[][] = [];
  readonly #cells: string[][] = [];
  #isCellDoubtful = false;
  #isOtherCell = false;
  #filename = '';
  #event = '';
  #headerValue = '';
  #wavelength = Number.NaN;
  #bandwidth = 0;
  #crystal: Crystal | undefined;
  /** Reflections read of the current crystal. */
  #rows = 0;
  /** Where the current chunk and the current crystal begin. */
  #chunkMark: Mark = { crystals: 0, count: 0 };
  #crystalMark: Mark = { crystals: 0, count: 0 };
  #countsBefore: ScanCounts = noCounts();
  readonly #row = new Float64Array(6);

  constructor(collector: Collector, name: string) {
    this.#collector = collector;
    this.#columns = collector.columns;
    this.#counts = collector.counts;
    this.#name = name;
    this.#columns.places.begin([]);
  }

  /** Parses the next piece of the stream. Throws `Format` with the number of a line that cannot be read. */
  push(piece: Uint8Array): void {
    let bytes = piece;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + piece.length);
      bytes.set(this.#rest);
      bytes.set(piece, this.#rest.length);
    }
    let begin = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, begin)) {
      this.#line++;
      const last = end > begin && bytes[end - 1] === 13 ? end - 1 : end;
      if (this.#part === 'rows' && beginsRow(bytes, begin)) this.#takeRow(bytes, begin, last);
      else if (this.#part !== 'peaks' || bytes[begin] === 69) this.#takeLine(bytes, begin, last);
      begin = end + 1;
    }
    if (bytes.length - begin > 2 ** 20) this.#refuseReturns(bytes.subarray(begin));
    if (bytes.length - begin > 2 ** 20) this.#fail('the line has more than 1048576 characters');
    this.#rest = bytes.slice(begin);
  }

  /** Ends the stream. Throws `Format` if the input was not a stream. */
  end(): ScannedHead {
    if (this.#part === 'start' && this.#line === 0 && this.#rest.length === 0)
      throw new EwaldError('Format', `${this.#name}: the file is empty; expected a stream`, {
        detail: { path: this.#name },
      });
    if (this.#part === 'start') {
      // The only line has no end.
      this.#line++;
      this.#refuseReturns(this.#rest);
      this.#takeLine(this.#rest, 0, this.#rest.length);
      this.#rest = new Uint8Array(0);
    }
    const within = ['chunk', 'peaks', 'rows'].includes(this.#part);
    if (within) {
      this.#columns.rewind(this.#chunkMark);
      Object.assign(this.#counts, this.#countsBefore);
    }
    if (within || this.#rest.length > 0 || !['head', 'between'].includes(this.#part)) this.#counts.truncated++;
    return this.head();
  }

  /** What the head of the stream states, as far as it was read. Throws `Format`. */
  head(): ScannedHead {
    const [geometry = '', ...others] = this.#geometries.map((lines) => lines.join('\n'));
    const cell = this.#cells[0]?.join('\n') ?? '';
    const word = (key: string): string | undefined => new RegExp(`^${key} = (\\S+)`, 'm').exec(cell)?.[1];
    const bandwidth = /^bandwidth\s*=\s*(\S+)/m.exec(geometry)?.[1];
    /** The counts per photon or eV of all panels, or of the first one. */
    const aduOf = (text: string, per: string): number | undefined => {
      const counts = Number(new RegExp(`^(?:\\S+/)?adu_per_${per}\\s*=\\s*(\\S+)`, 'm').exec(text)?.[1]);
      return counts > 0 ? counts : undefined;
    };
    const adu = (per: string): number | undefined => aduOf(geometry, per);
    for (const per of ['photon', 'eV'])
      if (others.some((other) => aduOf(other, per) !== adu(per)))
        throw new EwaldError(
          'Format',
          `${this.#name} holds several streams, with different counts per ${per}: their intensities have different scales`,
          { detail: { path: this.#name } },
        );
    return {
      version: this.#version,
      aduPerPhoton: adu('photon'),
      aduPerEv: adu('eV'),
      uniqueAxis: word('unique_axis'),
      centering: word('centering'),
      latticeType: word('lattice_type'),
      isCellDoubtful: this.#isCellDoubtful,
      isOtherCell: this.#isOtherCell,
      bandwidth: bandwidth === undefined ? undefined : Number(bandwidth),
      cell,
      geometry,
    };
  }

  /** Refuses a file that is one line, since its lines end with carriage returns alone. */
  #refuseReturns(line: Uint8Array): void {
    if (/\r./.test(new TextDecoder('latin1').decode(line.subarray(0, 4096))))
      this.#fail(
        "the lines end with carriage returns alone, as on old Macs; write them with line feeds (tr '\\r' '\\n')",
      );
  }

  #fail(message: string): never {
    throw new EwaldError('Format', `${this.#name}:${this.#line}: ${message}`, {
      detail: { path: this.#name, line: this.#line },
    });
  }

  /** Parses a row of five or six numbers: h k l I sigma, and the peak if it is required. */
  #takeRow(bytes: Uint8Array, begin: number, end: number): void {
    const row = this.#row;
    let at = begin;
    const columns = this.#collector.usesPeaks ? 6 : 5;
    for (let column = 0; column < columns; column++) {
      while (at < end && bytes[at] === space) at++;
      if (at === end) this.#fail('the row ends before its sigma(I)');
      const first = bytes[at] as number;
      // The row of column titles.
      if (column === 0 && first === 104) return;
      const negative = first === minus;
      if (negative || first === plus) at++;
      let digits = 0;
      let whole = 0;
      let scale = 1;
      for (let code = bytes[at] as number; at < end && code >= zero && code <= nine; code = bytes[++at] as number) {
        whole = whole * 10 + (code - zero);
        digits++;
      }
      if (at < end && bytes[at] === point) {
        at++;
        for (let code = bytes[at] as number; at < end && code >= zero && code <= nine; code = bytes[++at] as number) {
          whole = whole * 10 + (code - zero);
          scale *= 10;
          digits++;
        }
      }
      if (digits > 0 && digits <= 15 && (at === end || bytes[at] === space)) {
        row[column] = negative ? -whole / scale : whole / scale;
        continue;
      }
      const from = at - digits - (scale > 1 ? 1 : 0);
      while (at < end && bytes[at] !== space) at++;
      const word = this.#text.decode(bytes.subarray(Math.max(begin, from - 1), at)).trim();
      const value = /^[+-]?(nan|inf)/i.test(word) ? Number.NaN : Number(word);
      if (Number.isNaN(value) && !/^[+-]?(nan|inf)/i.test(word))
        this.#fail(`"${word.slice(0, 40)}" is not a number; expected h k l I sigma(I)`);
      row[column] = value;
    }
    const [h, k, l] = row as unknown as [number, number, number];
    if (!areIndices(h, k, l)) this.#fail(`the reflection has ${wrongIndices(h, k, l)}`);
    this.#rows++;
    this.#collector.reflection(row as unknown as ReflectionRow, this.#columns.places.ofRow(bytes, at, end));
  }

  #takeLine(bytes: Uint8Array, begin: number, end: number): void {
    const line = this.#text.decode(bytes.subarray(begin, end));
    switch (this.#part) {
      case 'start':
        refuseNoText(line, this.#name, 'a stream');
        if (!line.startsWith('CrystFEL stream format '))
          this.#fail(`"${line.slice(0, 60)}" does not begin a stream; expected "CrystFEL stream format 2.3"`);
        this.#version = line.slice('CrystFEL stream format '.length);
        this.#part = 'head';
        return;
      case 'geometry':
        if (line === '----- End geometry file -----') {
          this.#part = 'head';
          this.#columns.places.begin(this.#geometries.at(-1) ?? []);
        } else this.#geometries.at(-1)?.push(line);
        return;
      case 'cell':
        if (line === '----- End unit cell -----') this.#part = 'head';
        else if (!line.startsWith(';')) this.#cells.at(-1)?.push(line);
        return;
      case 'peaks':
        if (line === 'End of peak list') this.#part = 'chunk';
        return;
      case 'rows':
        if (line === 'End of reflections') this.#part = 'chunk';
        else if (line.startsWith('-')) this.#fail('the list of reflections has no end');
        else if (line !== '' && !/^h\s/.test(line)) this.#fail(`"${line.slice(0, 60)}" is not a reflection`);
        return;
      case 'head':
      case 'between':
        if (line === '----- Begin chunk -----') this.#beginChunk();
        else if (line === '----- Begin geometry file -----') {
          this.#part = 'geometry';
          this.#geometries.push([]);
        } else if (line === '----- Begin unit cell -----') {
          this.#part = 'cell';
          this.#cells.push([]);
        } else if (line === marks.doubt) this.#isCellDoubtful = true;
        else if (line === marks.otherCell) this.#isOtherCell = true;
        return;
      default:
        if (wanted.test(line)) this.#takeField(line);
    }
  }

  #beginChunk(): void {
    this.#part = 'chunk';
    this.#filename = '';
    this.#event = '';
    this.#headerValue = '';
    this.#wavelength = Number.NaN;
    this.#bandwidth = 0;
    this.#crystal = undefined;
    this.#chunkMark = this.#columns.mark();
    this.#countsBefore = { ...this.#counts };
    this.#counts.frames++;
  }

  #takeField(line: string): void {
    const value = (): string => line.slice(line.indexOf(line.includes(' = ') ? ' = ' : ': ') + 2).trim();
    const number = (): number => {
      const x = Number.parseFloat(value());
      if (Number.isNaN(x)) this.#fail(`"${line.slice(0, 60)}" lacks its number`);
      return x;
    };
    const crystal = this.#crystal;
    if (line === '----- End chunk -----') {
      if (crystal) this.#fail('the chunk ends within a crystal');
      this.#part = 'between';
    } else if (line === '----- Begin chunk -----') this.#fail('a chunk begins within another');
    else if (line.startsWith('--- Begin crystal')) {
      this.#crystalMark = this.#collector.begin();
      this.#crystal = {
        reciprocal: new Array<number>(9).fill(Number.NaN),
        parameters: [],
        limit: Number.POSITIVE_INFINITY,
        profileRadius: Number.NaN,
        axes: 0,
        stated: Number.NaN,
        isHandOpen: false,
      };
      this.#rows = 0;
    } else if (line.startsWith('--- End crystal')) this.#endCrystal();
    else if (line.startsWith('Image filename: ')) this.#filename = value();
    else if (line.startsWith('Event: ')) this.#event = value();
    else if (line.startsWith('photon_energy_eV')) this.#wavelength = photonAeV / number();
    else if (line.startsWith('beam_bandwidth')) this.#bandwidth = number();
    else if (crystal && line === `${marks.namedAxes}named`)
      crystal.axes = numberOfCell(this.#cells.at(-1)?.join('\n') ?? '');
    else if (crystal && line.startsWith(marks.otherHand)) crystal.isHandOpen = true;
    else if (line.startsWith('header/') || line.startsWith('hdf5/') || line.startsWith('ewald/'))
      this.#headerValue = this.#collector.headerValue(line) ?? this.#headerValue;
    else if (line.startsWith('Peaks from')) this.#part = 'peaks';
    else if (line.startsWith('Reflections measured')) {
      if (!crystal) this.#fail('reflections stand outside of a crystal');
      this.#part = 'rows';
    } else if (crystal && line[1] === 's') {
      const row = value().split(/\s+/).slice(0, 3).map(Number);
      if (row.length < 3 || !row.every(Number.isFinite)) this.#fail(`"${line.slice(0, 60)}" is not a vector`);
      // Streams state 1/nm.
      for (let i = 0; i < 3; i++) crystal.reciprocal[3 * 'abc'.indexOf(line[0] ?? '') + i] = (row[i] ?? 0) / 10;
    } else if (crystal && line.startsWith('Cell parameters')) {
      const [a, b, c, , al, be, ga] = line
        .slice('Cell parameters'.length)
        .trim()
        .split(/[\s,]+/)
        .map(Number);
      crystal.parameters = [10 * (a ?? 0), 10 * (b ?? 0), 10 * (c ?? 0), al ?? 0, be ?? 0, ga ?? 0];
    } else if (crystal && line.startsWith('profile_radius')) crystal.profileRadius = number() / 10;
    else if (crystal && line.startsWith('num_reflections')) crystal.stated = number();
    else if (crystal && line.startsWith('diffraction_resolution_limit')) crystal.limit = number() / 10;
  }

  #endCrystal(): void {
    const crystal = this.#crystal;
    if (!crystal) this.#fail('a crystal ends that has not begun');
    this.#crystal = undefined;
    const { stated, isHandOpen, ...record } = crystal;
    if (!Number.isNaN(stated) && stated !== this.#rows) {
      this.#columns.rewind(this.#crystalMark);
      this.#counts.miscounted++;
      return;
    }
    if (isHandOpen) this.#counts.openHands++;
    this.#collector.crystal(this.#crystalMark, {
      ...record,
      filename: this.#filename,
      event: this.#event,
      headerValue: this.#headerValue,
      wavelengthA: this.#wavelength,
      bandwidth: this.#bandwidth,
    });
  }
}
