/** Forecasts of a merge in words and as HTML: which goals are reached, and with how many crystals the others will be. */

import { counted } from '../../util/amounts.js';
import { expectsMembers } from '../../util/arguments.js';
import { htmlText } from '../../util/plain-text.js';
import type { Likely, WantedAnswer, WantedDifference } from './answers.js';

/** A number with the two digits that a forecast has. */
export function twoDigits(x: number): string {
  if (!(x >= 0.05)) return '0';
  const unit = 10 ** (Math.floor(Math.log10(x)) - 1);
  const near = Math.round(x / unit) * unit;
  return near < 10 ? near.toFixed(1) : String(near);
}

const fraction = (x: number): string => x.toFixed(2).replace(/^(-?)0/, '$1');
export const percent = (x: number): string => `${Number((100 * x).toPrecision(2))} %`;

/** A value of a goal as it is written. */
export const valueText: Readonly<Record<WantedAnswer['kind'], (x: number) => string>> = {
  ccHalf: fraction,
  completeness: (x) => `${(100 * x).toFixed(1)} %`,
  snr: (x) => x.toFixed(1),
  // Rounded down: 2.97 must not read as 3.0, the level at which a difference counts as seen.
  difference: (x) => `${(Math.floor(10 * x + 1e-9) / 10).toFixed(1)} σ`,
};

/** Most decimals of a value with a small error. */
const maxDecimals = 5;

/**
 * A value ± its error, with enough decimals to show the error, and to show that a goal is not yet reached; without an
 * error if that is 0 or NaN (unknown).
 */
function withError({ kind, value, error, target }: WantedAnswer): string {
  const own = valueText[kind];
  const [size, unit] = kind === 'completeness' ? [100, ' %'] : [1, ''];
  const digits = (x: number, decimals: number): string => (size * x).toFixed(decimals).replace(/^(-?)0\./, '$1.');
  let present = own(value);
  for (let n = 2; value < target && Number.parseFloat(present) >= size * target && n <= maxDecimals; n++)
    present = `${digits(value, n)}${unit}`;
  if (!(error > 0)) return present;
  const said = own(error).replace(/ %$/, '');
  if (Number(said) > 0) return `${present} ± ${said}`;
  const decimals = Math.min(maxDecimals, Math.ceil(-Math.log10(size * error)));
  return Number(digits(error, decimals)) > 0
    ? `${digits(value, decimals)}${unit} ± ${digits(error, decimals)}`
    : present;
}

/** Largest relative half-width of a range at which the number itself is still stated. */
const maxOff = 0.3;

/** "700 to 1100", or "700 or more" if nothing limits it. */
const rangeText = ({ least, most }: Likely): string =>
  Number.isFinite(most) ? `${twoDigits(least)} to ${twoDigits(most)}` : `${twoDigits(least)} or more`;

/** "850 crystals (700 to 1100)"; "500 to 1100 crystals" if the number is not known to 30 %. */
export function likelyText(found: Likely, what: string): string {
  const { likely, least, most } = found;
  return likely - least <= maxOff * likely && most - likely <= maxOff * likely
    ? `${twoDigits(likely)} ${what} (${rangeText(found)})`
    : `${rangeText(found)} ${what}`;
}

/** "25 min (20 to 32)", or "18 to 36 min", or hours. */
export function timeText({ likely, least, most }: Likely): string {
  const [size, unit] = likely >= 120 ? [60, 'h'] : [1, 'min'];
  const text = likelyText({ likely: likely / size, least: least / size, most: most / size }, unit);
  return text.replace(` ${unit}`, `\u00a0${unit}`);
}

export const agoText = ({ crystals, secondsAgo }: NonNullable<WantedAnswer['said']>): string =>
  secondsAgo >= 300 ? `${Math.round(secondsAgo / 60)} min ago` : `with ${counted(crystals, 'crystal')}`;

function differenceText({ datasets, visible, sensitivities, spread }: WantedDifference): string {
  const more = sensitivities.map(
    ({ relative, crystals }) => `${percent(relative)} with ${likelyText(crystals, 'crystals')}`,
  );
  const seen = [`${percent(visible)} would be seen now`, ...more].join(', ');
  return ` between ${datasets.join(' and ')}; ${seen}; controls ${spread.toFixed(2)}`;
}

/** What is known of the value of a goal: `.31 ± .04 at 2.07–2.00 Å`. */
export function presentText(answer: WantedAnswer): string {
  const { kind, value, dMax, dMin, difference } = answer;
  if (!Number.isFinite(value)) return '';
  const place = dMax === undefined || dMin === undefined ? '' : ` at ${dMax.toFixed(2)}–${dMin.toFixed(2)} Å`;
  return kind === 'difference'
    ? `${valueText[kind](value)}${difference ? differenceText(difference) : ''}`
    : `${withError(answer)}${place}`;
}

/** An answer of `result.forecast` in one line. Throws `Argument` for anything else. */
export function answerText(answer: WantedAnswer): string {
  expectsMembers('wantedText: the answer', answer, ['goal', 'kind', 'crystals'], 'one of result.forecast');
  const { goal, kind, crystals, isReached, needed, refusal, said, minutesToGo, noTime } = answer;
  const present = presentText(answer);
  const before = said
    ? ` (said ${valueText[kind](said.value)} ${agoText(said)}${said.isRight ? '' : ', which was wrong'})`
    : '';
  const time = minutesToGo ? `, in ${timeText(minutesToGo)}` : noTime ? ` (no time: ${noTime})` : '';
  const end = isReached
    ? 'reached'
    : needed
      ? `would be reached with ${likelyText(needed, 'crystals')}${time}; now ${crystals}`
      : `no forecast: ${refusal ?? ''}`;
  return `${goal}: ${present}${before}${present === '' ? '' : '; '}${end}`;
}

/** The answers as a section of a report. */
export function forecastSection(answers: readonly WantedAnswer[] = []): string {
  if (answers.length === 0) return '';
  const rows = answers.map((answer) => {
    const { goal, isReached, needed, framesToGo, refusal, said, kind, minutesToGo } = answer;
    const cells = [
      goal,
      presentText(answer),
      isReached ? 'reached' : needed ? likelyText(needed, 'crystals') : '–',
      framesToGo ? likelyText(framesToGo, 'frames') : '–',
      minutesToGo ? timeText(minutesToGo) : '–',
      said ? `${valueText[kind](said.value)} ${agoText(said)}` : '–',
      refusal ?? '',
    ];
    return `<tr>${cells.map((cell) => `<td>${htmlText(cell)}</td>`).join('')}</tr>`;
  });
  const heads = ['wanted', 'now', 'reached with', 'to go', 'time', 'earlier forecast', 'why not'];
  return `<h2>When there is enough</h2><section><div class="shells"><table><tr>${heads
    .map((head) => `<th>${head}</th>`)
    .join('')}</tr>${rows.join('')}</table></div><p class="about">Ranges contain the true value in about three
runs out of four.
The shell of a goal is the outermost of those down to its resolution. CC1/2 is that of reflections with two observations
in each half, without the few that have almost no information.</p></section>`;
}
