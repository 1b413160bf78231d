/**
 * Crystals whose reflections have nothing in the pixels: those with no intensity at their own peaks, which are of other
 * frames, and lattices that fit few of the peaks by chance where those of the other frames explain them, as where the
 * beam is elsewhere. The median of a run hides both.
 */

import { counted } from '../../util/amounts.js';
import { median } from '../../util/median.js';
import { Sampled } from '../../util/sampled.js';
import { explainedFraction } from '../doubt.js';
import type { FrameRecord } from '../record.js';
import type { FrameOrigin } from '../streams/chunk.js';
import { stretchText } from './stretch-text.js';

/** Fewest peaks that judge a crystal, and the share of them that noise measures: 16 %, twice as much for so few. */
const [fewestPeaks, byNoise] = [8, 0.3];
/** Share of crystals without intensity, or by chance, from which on results are doubtful. */
const many = { without: 0.005, chance: 0.05 };
/**
 * Fewest crystals that tell what is usual, the least share of peaks that these explain, and the least I/sigma beside their
 * peaks: half of less is no more than noise.
 */
const usual = { crystals: 10, explained: 0.4, beside: 0.2 };
/** Part of what is usual below which both peaks explained and I/sigma beside them are those of chance. */
const low = 0.5;
/** Frames at most between those of one stretch, and greatest number of stretches that are named. */
const [gap, mostNamed] = [4, 4];

/** A crystal: the share of the peaks of its frame that is explained, and the mean I/σ, cut, where it has no peaks. */
interface JudgedCrystal {
  readonly origin: FrameOrigin;
  readonly explained: number;
  readonly beside: number;
}

/** A remark, and whether it makes results doubtful. */
interface CrystalsRemark {
  readonly text: string;
  readonly isDoubtful: boolean;
}

/** Stretches of frames, of which the first are kept. */
class Stretches {
  readonly #found: { readonly first: FrameOrigin; last: FrameOrigin }[] = [];

  add(origin: FrameOrigin): void {
    const latest = this.#found.at(-1);
    if (latest && origin.serial - latest.last.serial <= gap && origin.filename === latest.last.filename)
      latest.last = origin;
    else if (this.#found.length <= mostNamed) this.#found.push({ first: origin, last: origin });
  }

  get text(): string {
    const named = this.#found.slice(0, mostNamed).map(({ first, last }) => stretchText(first, last));
    return `${named.join('; ')}${this.#found.length > mostNamed ? '; …' : ''}`;
  }
}

/** Collects what the reflections of the crystals of a run tell of them. */
export class EmptyCrystals {
  #judged = 0;
  #without = 0;
  readonly #places = new Stretches();
  readonly #crystals = new Sampled<JudgedCrystal>();

  /** Adds a frame; frames come in their order. */
  add(record: Pick<FrameRecord, 'origin' | 'crystals' | 'peaks'>): void {
    const { origin } = record;
    const explained = explainedFraction(record);
    for (const { account } of record.crystals) {
      if (!account) continue;
      const { atPeaks, seen, others, ofOthers } = account;
      if (atPeaks >= fewestPeaks) this.#judged++;
      if (atPeaks >= fewestPeaks && seen <= byNoise * atPeaks) {
        this.#without++;
        this.#places.add(origin);
      } else if (explained !== undefined && others >= fewestPeaks)
        this.#crystals.add({ origin, explained, beside: ofOthers / others });
    }
  }

  /** Crystals without intensity at their own peaks, and lattices by chance. */
  get counts(): { readonly emptyCrystals: number; readonly crystalsByChance: number } {
    return { emptyCrystals: this.#without, crystalsByChance: this.#chance().length };
  }

  /** Remarks on crystals; empty if all are right. */
  remarks(): CrystalsRemark[] {
    return [...this.#withoutIntensity(), ...this.#byChance()];
  }

  #withoutIntensity(): CrystalsRemark[] {
    if (this.#without === 0) return [];
    const text =
      `${this.#without} of ${counted(this.#judged, 'crystal')} have no intensity where their own peaks are: ` +
      `${this.#places.text}. Their indices are not those of these pixels, as when peaks are of other frames or the beam ` +
      'is elsewhere; these crystals are kept: check the list of peaks and the centre of the beam, or leave these ' +
      'frames out';
    return [{ text, isDoubtful: this.#without >= many.without * this.#judged }];
  }

  /** Medians over the crystals. */
  #usual(): Pick<JudgedCrystal, 'explained' | 'beside'> {
    const all = this.#crystals.kept;
    return {
      explained: median(all.map((judgedCrystal) => judgedCrystal.explained)),
      beside: median(all.map((judgedCrystal) => judgedCrystal.beside)),
    };
  }

  /** The crystals that explain and have what lattices do by chance; empty if they are few, or if nothing tells what is usual. */
  #chance(): JudgedCrystal[] {
    const all = this.#crystals.kept;
    if (all.length < usual.crystals) return [];
    const { explained, beside } = this.#usual();
    const chance = all.filter(
      (judgedCrystal) => judgedCrystal.explained < low * explained && judgedCrystal.beside < low * beside,
    );
    const isTold = explained >= usual.explained && beside >= usual.beside;
    return isTold && chance.length >= many.chance * all.length ? chance : [];
  }

  #byChance(): CrystalsRemark[] {
    const all = this.#crystals.kept;
    const chance = this.#chance();
    if (chance.length === 0) return [];
    const { explained, beside } = this.#usual();
    const places = new Stretches();
    for (const { origin } of chance) places.add(origin);
    const percent = (part: number): string => `${(100 * part).toFixed(0)} %`;
    const text =
      `${chance.length} of ${counted(all.length, 'crystal')} explain ${percent(median(chance.map((judgedCrystal) => judgedCrystal.explained)))} ` +
      `of the peaks of their frames (all: ${percent(explained)}), and have I/sigma ` +
      `${median(chance.map((judgedCrystal) => judgedCrystal.beside)).toFixed(2)} beside these (all: ${beside.toFixed(2)}), as lattices by chance: ` +
      `${places.text}. These crystals are kept: did the beam or the detector move? Check the centre of the beam in these ` +
      'frames, or leave them out';
    return [{ text, isDoubtful: true }];
  }
}
