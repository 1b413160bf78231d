/** The radial profile of a run as a section of its report. */

import { curves, ticks } from '../../report/charts.js';
import { counted } from '../../util/amounts.js';
import { median } from '../../util/median.js';
import { measuredIceRings, whyNoIce } from '../profile/ice.js';
import { backgroundOf } from '../profile/profiler.js';
import { intensityOf, ProfileSum, type RadialProfile, rangeText, shellsOf } from '../profile/radial-profile.js';
import type { FrameRecord } from '../record.js';

/** Points of a curve over the frames, at most. */
const maxPoints = 400;

/** Collects the profiles of frames for a report. */
export class ProfileSection {
  readonly #sum = new ProfileSum();
  readonly #background: number[] = [];
  #flagged = 0;
  /** Frames whose profile measures ice. */
  #withIce = 0;

  add({ profile }: Pick<FrameRecord, 'profile'>): void {
    if (!profile || !this.#sum.add(profile)) return;
    this.#background.push(profile.background ?? Number.NaN);
    if (profile.ice) this.#withIce++;
    if (profile.ice?.isFlagged) this.#flagged++;
  }

  /** The section; undefined if no frame had a profile. */
  html(): string | undefined {
    const all = this.#sum.profile;
    if (!all) return undefined;
    const { frames } = this.#sum;
    const points = (values: ArrayLike<number>) => Array.from(all.q, (q, i) => [q, values[i] as number] as const);
    const mean = curves(
      [
        { name: 'all pixels', points: points(all.intensity) },
        { name: 'without peaks', points: points(intensityOf(all.backgroundCounts, all.backgroundNorm)) },
      ],
      {
        title: 'Intensity over q = 2π/d, 1/Å (d in Å below)',
        low: 0,
        xTicks: ticks(all.low, all.corner),
        xText: (q) => `${q}<tspan class="d"> (${((2 * Math.PI) / q).toFixed(1)})</tspan>`,
      },
    );
    const { backgroundRange } = backgroundOf({ ...all, counts: all.backgroundCounts, norm: all.backgroundNorm });
    const range = backgroundRange && rangeText(backgroundRange);
    const every = Math.max(1, Math.ceil(this.#background.length / maxPoints));
    const overRun = curves(
      [
        {
          name: 'background',
          points: this.#background.flatMap((b, i) => (i % every === 0 ? [[i + 1, b] as const] : [])),
        },
      ],
      {
        title: `Background from ${range ?? '5 to 3'} Å over the frames`,
        low: 0,
        xTicks: ticks(0, this.#background.length),
        xText: String,
      },
    );
    const known = this.#background.filter((value) => !Number.isNaN(value));
    const shells = shellsOf(all.corner);
    const spots = all.spotsByShell.map((n, i) => `${(shells[i] as number).toFixed(2)} Å: ${(n / frames).toFixed(1)}`);
    const told = [
      known.length > 0
        ? `median background ${Number(median(known).toPrecision(3))} counts a pixel from ${range ?? '5 to 3'} Å`
        : 'background not measured: no pixel from 5 to 3 Å',
      this.#iceText(all, frames),
      `spots a frame by shell, outer limits: ${spots.join(', ')}`,
    ];
    return `<h2>Radial profile</h2><section><div class="grid3">${mean}${overRun}</div><p>${told.join('; ')}.</p></section>`;
  }

  #iceText(all: RadialProfile, frames: number): string {
    const rings = measuredIceRings(all, all.backgroundCounts, all.backgroundNorm);
    if (this.#withIce === 0 || rings.length === 0) {
      const why = whyNoIce(all, all.backgroundCounts, all.backgroundNorm) ?? 'in no frame are there enough counts';
      return `ice not measured: ${why}`;
    }
    const missing = frames - this.#withIce;
    const range = rings.length === 1 ? `${rings[0]}` : `${rings[0]} to ${rings.at(-1)}`;
    const others = missing > 0 ? `, not measured in ${missing}` : '';
    return `ice (${range} Å) in ${this.#flagged} of ${counted(this.#withIce, 'frame')}${others}`;
  }
}
