/**
 * Places on the detector where reflections were measured, as small numbers: its panels, or squares of those that are
 * wider. Most detectors have tens of them, and a column of numbers takes two bytes an observation.
 */

/** Panels are divided into squares of this width: about the size of a chip. */
const chipBits = 8;
/** The place of a row that names no panel. */
export const noPlace = 0xffff;

/** Where some observations were measured: a panel, and the square of it if it is wider than one. */
export interface PanelRegion {
  readonly panel: string;
  /** Pixels of the square in the words of a message, such as `fs 256 to 511, ss 0 to 255`; empty for a whole panel. */
  readonly part: string;
}

interface Known {
  readonly panel: string;
  readonly bytes: Uint8Array;
  /** Whether it is wider than a square, and its corner in the file. */
  readonly isWide: boolean;
  readonly minFs: number;
  readonly minSs: number;
  /** Numbers of its squares. */
  readonly squares: Map<number, number>;
}

const space = 32;
const [minus, point, zero, nine] = [45, 46, 48, 57];

const sameBytes = (name: Uint8Array, bytes: Uint8Array, at: number): boolean => {
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[at + i]) return false;
  return true;
};

/** The whole part of the number that ends before `end`. */
function wholeBefore(bytes: Uint8Array, from: number, end: number): number {
  let whole = 0;
  const isNegative = bytes[from] === minus;
  for (let at = isNegative ? from + 1 : from; at < end && bytes[at] !== point; at++) {
    const code = bytes[at] as number;
    if (code < zero || code > nine) return Number.NaN;
    whole = 10 * whole + code - zero;
  }
  return isNegative ? -whole - 1 : whole;
}

/** The places of all inputs of a merge, in the order in which they are met. */
export class Places {
  readonly list: PanelRegion[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #text = new TextDecoder();
  /** Panels of the current stream by a hash of their names; those of one hash follow one another. */
  #panels = new Map<number, Known[]>();
  #bounds = new Map<string, Record<string, number>>();

  /** Begins a stream, whose geometry, if it has one, says how wide panels are. */
  begin(geometry: readonly string[]): void {
    this.#panels = new Map();
    this.#bounds = new Map();
    for (const line of geometry) {
      const [, panel = '', edge = '', value] = /^(\S+)\/(min_fs|max_fs|min_ss|max_ss)\s*=\s*(-?\d+)/.exec(line) ?? [];
      if (value === undefined) continue;
      const bounds = this.#bounds.get(panel) ?? {};
      bounds[edge] = Number(value);
      this.#bounds.set(panel, bounds);
    }
  }

  /** The number of a place, which is new if no stream had it before. */
  number({ panel, part }: PanelRegion): number {
    const key = `${panel} ${part}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      if (this.list.length === noPlace) return noPlace;
      number = this.list.length;
      this.list.push({ panel, part });
      this.#numbers.set(key, number);
    }
    return number;
  }

  /** The place of a row of a stream, whose last words are fs, ss and the panel; `noPlace` if it names none. */
  ofRow(bytes: Uint8Array, begin: number, end: number): number {
    let to = end;
    while (to > begin && bytes[to - 1] === space) to--;
    let from = to;
    let hash = 0;
    for (let code = bytes[from - 1] as number; from > begin && code !== space; code = bytes[--from - 1] as number)
      hash = (Math.imul(hash, 31) + code) | 0;
    const known = this.#panels
      .get(hash)
      ?.find(({ bytes: name }) => name.length === to - from && sameBytes(name, bytes, from));
    const panel = known ?? this.#newPanel(bytes.slice(from, to), hash);
    if (!panel) return noPlace;
    const { isWide, squares } = panel;
    if (!isWide) return squares.get(0) ?? noPlace;
    return this.#square(panel, bytes, from);
  }

  #square(panel: Known, bytes: Uint8Array, name: number): number {
    const before = [0, 0];
    let at = name;
    for (let word = 0; word < 2; word++) {
      while (bytes[at - 1] === space) at--;
      const end = at;
      while (at > 0 && bytes[at - 1] !== space) at--;
      before[word] = wholeBefore(bytes, at, end);
    }
    const ss = ((before[0] as number) - panel.minSs) >> chipBits;
    const fs = ((before[1] as number) - panel.minFs) >> chipBits;
    const key = ss * 1024 + fs;
    let number = panel.squares.get(key);
    if (number === undefined) {
      const pixels = (chip: number, first: number): string =>
        `${(chip << chipBits) + first} to ${((chip + 1) << chipBits) + first - 1}`;
      const part = `fs ${pixels(fs, panel.minFs)}, ss ${pixels(ss, panel.minSs)}`;
      number = this.number({ panel: panel.panel, part });
      panel.squares.set(key, number);
    }
    return number;
  }

  #newPanel(bytes: Uint8Array, hash: number): Known | undefined {
    const panel = this.#text.decode(bytes);
    // Streams of old versions end their rows with the coordinate.
    if (/^-?\d*\.\d+$/.test(panel) || panel === '') return undefined;
    const { min_fs: minFs = 0, max_fs: maxFs, min_ss: minSs = 0, max_ss: maxSs } = this.#bounds.get(panel) ?? {};
    // The chunks of a run come without its geometry.
    const isKnown = maxFs !== undefined && maxSs !== undefined;
    const isWide = !isKnown || Math.max(maxFs - minFs, maxSs - minSs) >= 1 << chipBits;
    const known: Known = { panel, bytes, isWide, minFs, minSs, squares: new Map() };
    if (!isWide) known.squares.set(0, this.number({ panel, part: '' }));
    this.#panels.set(hash, [...(this.#panels.get(hash) ?? []), known]);
    return known;
  }
}
