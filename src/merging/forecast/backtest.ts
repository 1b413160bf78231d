/**
 * What was said earlier of now: a forecast that was wrong for the crystals since then is not repeated. Two misses in a row
 * suspend the forecasts of a goal until two hits.
 */
import type { ShellForecast } from './shell-goals.js';

/** An earlier forecast of the present value. */
export interface SaidBefore {
  /** Crystals at which it was said, and the time since then, s. */
  readonly crystals: number;
  readonly secondsAgo: number;
  /** The value that was said for now. */
  readonly value: number;
  /** Whether it was right: within 30 % of the crystals, or 2.5 errors of the value. */
  readonly isRight: boolean;
}

interface Said {
  readonly crystals: number;
  readonly atS: number;
  readonly values: Float64Array;
  readonly errors: Float64Array;
}

/** Growth of the crystals at which values are kept, and for how many steps: up to 17 times as many. */
const [growth, steps] = [1.1, 31];
/** Growth from which on a forecast is judged, and the age that is shown if there are several, s. */
const [minGrowth, shownAgeS] = [1.15, 1200];
/** What is a miss: in crystals, and in errors of the value. */
const [maxOff, maxErrors] = [0.3, 2.5];

/** The forecasts of a merge that goes on. */
export class Backtest {
  readonly #said = new Map<string, Said[]>();
  readonly #record = new Map<string, { crystals: number; run: number; isSuspended: boolean }>();

  /** Whether nothing was said of a goal. */
  isEmpty(goal: string): boolean {
    return !this.#said.has(goal);
  }

  /** Keeps what a forecast with so many crystals says of later ones. */
  say(goal: string, forecast: ShellForecast, crystals: number, atS: number): void {
    const factors = Array.from({ length: steps }, (_, k) => growth ** k);
    const values = Float64Array.from(factors, (factor) => forecast.at(factor, 0));
    if (!Number.isFinite(values[0])) return;
    const errors = Float64Array.from(factors, (factor, k) => Math.abs(forecast.at(factor, 1) - (values[k] as number)));
    const all = this.#said.get(goal) ?? [];
    // A merge that is repeated with a few more crystals says nothing new; of long runs, old ones are thinned out.
    if (crystals < 1.02 * (all.at(-1)?.crystals ?? 0)) return;
    all.push({ crystals, atS, values, errors });
    if (all.length > 200) all.splice(0, all.length, ...all.filter((_, i) => i % 2 === 1));
    this.#said.set(goal, all);
  }

  /** Compares the value of now with what was said; undefined if nothing was said long enough ago. */
  judge(goal: string, value: number, error: number, { crystals, atS }: { crystals: number; atS: number }) {
    const old = (this.#said.get(goal) ?? []).filter(
      (said) => crystals >= minGrowth * said.crystals && crystals <= said.crystals * growth ** (steps - 1),
    );
    const [first] = old;
    if (!first || !Number.isFinite(value)) return undefined;
    // Twenty minutes ago, or with half of the crystals where the clock says nothing.
    const isTimed = atS - first.atS >= shownAgeS / 2;
    const away = (said: Said): number =>
      isTimed ? Math.abs(atS - said.atS - shownAgeS) : Math.abs(Math.log((2 * said.crystals) / crystals));
    const shown = old.reduce((best, one) => (away(one) < away(best) ? one : best), first);
    const step = Math.log(crystals / shown.crystals) / Math.log(growth);
    const said = between(shown.values, step);
    // The crystals at which the present value was expected.
    const expected = shown.crystals * growth ** placeOf(shown.values, value);
    const isRight =
      Math.abs(expected / crystals - 1) <= maxOff ||
      Math.abs(value - said) <= maxErrors * Math.hypot(error, between(shown.errors, step));
    this.#judged(goal, isRight, crystals);
    const before: SaidBefore = { crystals: shown.crystals, secondsAgo: atS - shown.atS, value: said, isRight };
    return before;
  }

  /** Whether two forecasts in a row were wrong, and not two in a row right since then. */
  isSuspended(goal: string): boolean {
    return this.#record.get(goal)?.isSuspended ?? false;
  }

  #judged(goal: string, isRight: boolean, crystals: number): void {
    const record = this.#record.get(goal) ?? { crystals: 0, run: 0, isSuspended: false };
    this.#record.set(goal, record);
    // The same crystals again are no further evidence.
    if (crystals < 1.02 * record.crystals) return;
    record.crystals = crystals;
    record.run = isRight === record.isSuspended ? record.run + 1 : 0;
    if (record.run < 2) return;
    record.isSuspended = !record.isSuspended;
    record.run = 0;
  }
}

function between(values: Float64Array, place: number): number {
  const low = Math.max(0, Math.min(values.length - 2, Math.floor(place)));
  const [a, b] = [values[low] as number, values[low + 1] as number];
  return a + (place - low) * (b - a);
}

/** The place at which rising values reach a value; one beyond the ends if they do not. */
function placeOf(values: Float64Array, value: number): number {
  if (value <= (values[0] as number)) return -10;
  for (let k = 1; k < values.length; k++) {
    const [a, b] = [values[k - 1] as number, values[k] as number];
    if (b >= value) return b > a ? k - 1 + (value - a) / (b - a) : k;
  }
  return values.length + 10;
}
