/**
 * Observations as columns with one entry per measured reflection; a crystal is a range of entries. An observation with
 * its unique reflection takes 22 bytes and no object, so that hundreds of millions fit into memory.
 */
import { EwaldError } from '../../util/errors.js';
import { type Admission, admit, type Rows } from './admission.js';
import { noRejectedRows, rejections } from './counts.js';
import type { CrystalRecord, Observations } from './observations.js';
import { noPlace, Places } from './places.js';

/** A position that columns can be cut back to. */
export interface Mark {
  readonly crystals: number;
  readonly count: number;
}

/** A growing typed array. */
class Growing<T extends Int16Array | Uint16Array | Float32Array | Float64Array | Uint32Array> {
  readonly #make: (length: number) => T;
  #data: T;
  length = 0;

  constructor(make: (length: number) => T, room: number) {
    this.#make = make;
    this.#data = make(room);
  }

  push(value: number): void {
    if (this.length === this.#data.length) {
      // Grows by half: doubling could leave half of a large buffer unused.
      const wider = this.#make(Math.ceil(1.5 * this.length) + 64);
      wider.set(this.#data);
      this.#data = wider;
    }
    this.#data[this.length++] = value;
  }

  append(values: ArrayLike<number>): void {
    const length = this.length + values.length;
    if (length > this.#data.length) {
      const wider = this.#make(length);
      wider.set(this.view());
      this.#data = wider;
    }
    this.#data.set(values, this.length);
    this.length = length;
  }

  /** The numbers so far, without a copy. */
  view(): T {
    return this.#data.subarray(0, this.length) as T;
  }
}

/** Collects crystals one after another. */
export class ObservationColumns {
  readonly #h = new Growing((n) => new Int16Array(n), 4096);
  readonly #k = new Growing((n) => new Int16Array(n), 4096);
  readonly #l = new Growing((n) => new Int16Array(n), 4096);
  readonly #intensity = new Growing((n) => new Float32Array(n), 4096);
  readonly #sigma = new Growing((n) => new Float32Array(n), 4096);
  readonly #places = new Growing((n) => new Uint16Array(n), 4096);
  /** The places that the numbers of the column stand for. */
  readonly places = new Places();
  readonly #offsets = new Growing((n) => new Uint32Array(n), 64);
  readonly #reciprocal = new Growing((n) => new Float64Array(n), 576);
  readonly #parameters = new Growing((n) => new Float64Array(n), 384);
  readonly #wavelengths = new Growing((n) => new Float64Array(n), 64);
  readonly #bandwidths = new Growing((n) => new Float64Array(n), 64);
  readonly #limits = new Growing((n) => new Float64Array(n), 64);
  readonly #radii = new Growing((n) => new Float64Array(n), 64);
  readonly #axes = new Growing((n) => new Uint32Array(n), 64);
  readonly #rejected = new Growing((n) => new Uint32Array(n), 64 * rejections.length);
  readonly #filenames: string[] = [];
  readonly #events: string[] = [];
  readonly #headerValues: string[] = [];

  readonly #admission: Admission | undefined;

  /** Without `admission` every observation is taken as it is. */
  constructor(admission?: Admission) {
    this.#admission = admission;
    this.#offsets.push(0);
  }

  get count(): number {
    return this.#h.length;
  }

  get crystals(): number {
    return this.#filenames.length;
  }

  /** Adds an observation to the crystal that the next call of `crystal` ends; readers have checked its indices. */
  reflection(h: number, k: number, l: number, intensity: number, sigma: number, place = noPlace): void {
    if (this.#h.length === 2 ** 32 - 1)
      throw new EwaldError('Limit', 'there are more than 4294967295 observations; merge the streams in parts');
    this.#h.push(h);
    this.#k.push(k);
    this.#l.push(l);
    this.#intensity.push(intensity);
    this.#sigma.push(sigma);
    this.#places.push(place);
  }

  /** Ends a crystal of the observations added since the previous one; `rejected` are its rows that were not added. */
  crystal(record: CrystalRecord, rejected = noRejectedRows()): void {
    if (this.#admission) {
      const offsets = this.#offsets.view();
      const rows = this.rows();
      const first = offsets[offsets.length - 1] ?? 0;
      this.#shorten(admit(rows, first, this.count, record, this.#admission, rejected));
    }
    for (const reason of rejections) this.#rejected.push(rejected[reason]);
    for (let i = 0; i < 9; i++) this.#reciprocal.push(record.reciprocal[i] ?? Number.NaN);
    for (let i = 0; i < 6; i++) this.#parameters.push(record.parameters[i] ?? Number.NaN);
    this.#wavelengths.push(record.wavelengthA);
    this.#bandwidths.push(record.bandwidth);
    this.#limits.push(record.limit);
    this.#radii.push(record.profileRadius);
    this.#axes.push(record.axes);
    this.#filenames.push(record.filename);
    this.#events.push(record.event);
    this.#headerValues.push(record.headerValue);
    this.#offsets.push(this.#h.length);
  }

  /** Adds crystals that other columns have admitted already. */
  append(more: Observations): void {
    const before = this.count;
    this.#h.append(more.h);
    this.#k.append(more.k);
    this.#l.append(more.l);
    this.#intensity.append(more.intensity);
    this.#sigma.append(more.sigma);
    const numbers = more.placeList.map((place) => this.places.number(place));
    this.#places.append(more.places.map((place) => numbers[place] ?? noPlace));
    this.#offsets.append(more.offsets.slice(1).map((end) => end + before));
    this.#reciprocal.append(more.reciprocal);
    this.#parameters.append(more.parameters);
    this.#wavelengths.append(more.wavelengths);
    this.#bandwidths.append(more.bandwidths);
    this.#limits.append(more.limits);
    this.#radii.append(more.profileRadii);
    this.#axes.append(more.axes);
    this.#rejected.append(more.rejected);
    for (const filename of more.filenames) this.#filenames.push(filename);
    for (const event of more.events) this.#events.push(event);
    for (const value of more.headerValues) this.#headerValues.push(value);
  }

  /** Where the columns end now, for `rewind`. */
  mark(): Mark {
    return { crystals: this.crystals, count: this.count };
  }

  /** Discards everything added since a mark; used for a truncated frame. */
  rewind({ crystals, count }: Mark): void {
    this.#shorten(count);
    for (const column of [this.#wavelengths, this.#bandwidths, this.#limits, this.#radii, this.#axes])
      column.length = crystals;
    this.#offsets.length = crystals + 1;
    this.#reciprocal.length = 9 * crystals;
    this.#parameters.length = 6 * crystals;
    this.#rejected.length = rejections.length * crystals;
    this.#filenames.length = crystals;
    this.#events.length = crystals;
    this.#headerValues.length = crystals;
  }

  #shorten(count: number): void {
    for (const column of [this.#h, this.#k, this.#l, this.#intensity, this.#sigma, this.#places]) column.length = count;
  }

  /** The rows collected so far, with those of the crystal that has not ended, as views without a copy. */
  rows(): Rows {
    return {
      h: this.#h.view(),
      k: this.#k.view(),
      l: this.#l.view(),
      intensity: this.#intensity.view(),
      sigma: this.#sigma.view(),
      places: this.#places.view(),
    };
  }

  /** The observations collected so far, as views without a copy. */
  view(): Observations {
    return {
      count: this.count,
      crystals: this.crystals,
      ...this.rows(),
      placeList: this.places.list,
      offsets: this.#offsets.view(),
      reciprocal: this.#reciprocal.view(),
      parameters: this.#parameters.view(),
      wavelengths: this.#wavelengths.view(),
      bandwidths: this.#bandwidths.view(),
      limits: this.#limits.view(),
      profileRadii: this.#radii.view(),
      axes: this.#axes.view(),
      rejected: this.#rejected.view(),
      // More crystals may be added while these are merged.
      filenames: this.#filenames.slice(),
      events: this.#events.slice(),
      headerValues: this.#headerValues.slice(),
    };
  }
}
