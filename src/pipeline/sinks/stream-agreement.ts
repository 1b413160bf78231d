/**
 * Compares what a detector's own analysis sends with its images with what this run finds. Nothing of it is used unless
 * the user asks for it (`finder: 'stream'`); the page and the summary say how often both agree.
 */

import type { StreamFindings } from '../../frames/streams/stream-findings.js';
import { median } from '../../util/median.js';
import type { FrameSink } from './sink.js';

/** Spots of both are the same if they are this close, pixels. */
const sameSpotPx = 2;
/** A frame agrees if this share of the spots of the shorter list is in the other one. */
const minShare = 0.5;
/** Cells are the same if their lengths and angles differ by at most this fraction. */
const sameCell = 0.03;
/** A median offset that is larger is marked: half a pixel may separate the conventions. */
export const maxOffsetPx = 0.1;
/** Frames whose offsets are compared. */
export const maxOffsets = 50;
/** Disagreement of hits that is a warning. */
const maxDisagreement = 0.1;

interface Spots {
  readonly fs: ArrayLike<number>;
  readonly ss: ArrayLike<number>;
}

/** The offsets of spots from the nearest ones of another list, as far as they are the same. */
export function spotOffsets(of: Spots, others: Spots): [number, number][] {
  return Array.from({ length: of.fs.length }, (_, i) => {
    let best: [number, number] | undefined;
    for (let k = 0; k < others.fs.length; k++) {
      const off: [number, number] = [
        (others.fs[k] as number) - (of.fs[i] as number),
        (others.ss[k] as number) - (of.ss[i] as number),
      ];
      if (Math.hypot(...off) < Math.hypot(...(best ?? [sameSpotPx, 0]))) best = off;
    }
    return best;
  }).filter((off) => off !== undefined);
}

/** The counts of a run. */
export class StreamAgreement {
  #hits = 0;
  #sameHits = 0;
  #crystals = 0;
  #sameCrystals = 0;
  readonly #offsets: [number, number][] = [];
  #frames = 0;

  /** Compares a frame; `own` are its peaks and the cell of its first crystal, lengths in Å and angles. */
  add(
    findings: StreamFindings,
    own: { readonly hit: boolean; readonly peaks: Spots; readonly cell: readonly number[] | undefined },
  ): void {
    const { isIndexed, cell } = findings;
    // As `halfPixelShift` would use them.
    const [fs, ss] = [findings.spots.fs.map((x) => x + 0.5), findings.spots.ss.map((y) => y + 0.5)];
    const spots = { fs, ss };
    this.#frames++;
    if (own.hit) {
      this.#hits++;
      const [few, many] = own.peaks.fs.length < spots.fs.length ? [own.peaks, spots] : [spots, own.peaks];
      const found = spotOffsets(few, many);
      if (few.fs.length > 0 && found.length >= minShare * few.fs.length) this.#sameHits++;
      const sign = few === spots ? -1 : 1;
      if (this.#frames <= maxOffsets) for (const [x, y] of found) this.#offsets.push([sign * x, sign * y]);
    }
    if (isIndexed === undefined) return;
    if (!isIndexed && !own.cell) return;
    this.#crystals++;
    const isClose = (a: number, i: number): boolean => Math.abs(a / (own.cell?.[i] ?? 0) - 1) <= sameCell;
    if (isIndexed && own.cell && (!cell || cell.every(isClose))) this.#sameCrystals++;
  }

  /** The median offset of the stream's spots from ours, pixels; undefined without any. */
  get offset(): readonly [number, number] | undefined {
    if (this.#offsets.length === 0) return undefined;
    const [x, y] = [0, 1].map((k) => median(this.#offsets.map((off) => off[k] as number)));
    return [x ?? 0, y ?? 0];
  }

  /** In words. */
  get lines(): string[] {
    if (this.#hits + this.#crystals === 0) return [];
    const share = (part: number, whole: number): string => `${Math.round((100 * part) / whole)} %`;
    const { offset } = this;
    const isOff = offset?.some((x) => Math.abs(x) >= maxOffsetPx);
    const off = offset ? `, ${offset.map((x) => x.toFixed(2)).join(', ')} px beside ours${isOff ? ' ▲' : ''}` : '';
    return [
      'Spots and lattices: ewald.',
      ...(this.#hits > 0
        ? [`The stream's spots agree in ${share(this.#sameHits, this.#hits)} of ${this.#hits} hits${off}.`]
        : []),
      ...(this.#crystals > 0
        ? [
            `Its lattices agree in ${share(this.#sameCrystals, this.#crystals)} of ${this.#crystals} frames that either indexed.`,
          ]
        : []),
    ];
  }

  /** What a run should warn of; undefined if it agrees. */
  get doubt(): string | undefined {
    if (this.#hits < 20 || this.#sameHits >= (1 - maxDisagreement) * this.#hits) return undefined;
    return (
      `the spots that the stream sends agree with those found here in ${Math.round((100 * this.#sameHits) / this.#hits)} % ` +
      `of ${this.#hits} hits; look at both before you use those of the stream`
    );
  }
}

/** The sink that compares; `take` returns and forgets the findings of an event. */
export function agreementSink(
  take: (event: number) => StreamFindings | undefined,
  isUsed: boolean,
  warn: (text: string) => void,
): FrameSink {
  const agreement = new StreamAgreement();
  const used = new Set<string>();
  return {
    async add({ origin, hit, peaks, crystals: [first] }) {
      const findings = take(origin.event ?? 0);
      if (peaks.of !== undefined) used.add(peaks.of);
      const cell = first && [...first.lengths, ...first.angles];
      if (findings && !isUsed) agreement.add(findings, { hit, peaks, cell });
    },
    panes: () => ({ origin: isUsed ? [`Spots: ${namesOf(used)}. Lattices: ewald.`] : agreement.lines }),
    async close() {
      const { doubt } = agreement;
      if (doubt !== undefined) warn(doubt);
      return agreement.lines.slice(1).join(' ');
    },
    async discard() {},
  };
}

/** Whose spots are used: those of programs that the stream names, or of the stream. */
function namesOf(used: ReadonlySet<string>): string {
  const named = [...used].filter((name) => name !== 'stream');
  return named.length > 0 ? named.join(' and ') : 'those of the stream';
}
