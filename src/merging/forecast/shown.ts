/** Answers as the page of a run shows them. */
import { counted } from '../../util/amounts.js';
import type { ShownAnswer } from '../shown-panes.js';
import type { WantedAnswer } from './answers.js';
import { agoText, likelyText, percent, presentText, timeText, valueText } from './words.js';

const names: Readonly<Record<WantedAnswer['kind'], string>> = {
  ccHalf: 'CC1/2',
  completeness: 'Complete',
  snr: 'I/σ',
  difference: 'Difference',
};

/** An answer in lines. */
export function shownAnswer(answer: WantedAnswer): ShownAnswer {
  const { goal, kind, target, dMin, value, error, crystals, isReached, needed, course, said } = answer;
  const text = valueText[kind];
  const at = dMin === undefined ? '' : ` at ${dMin.toFixed(1)} Å`;
  return {
    goal,
    title: `${names[kind]} ${text(target)}${at}`,
    verdict: verdictOf(answer),
    state: isReached ? 'reached' : needed ? 'forecast' : 'refused',
    lines: linesOf(answer),
    target,
    targetText: text(target),
    value,
    error,
    crystals,
    ...(needed && { needed }),
    ...(course && { course }),
    ...(said && { said: said.value }),
  };
}

function verdictOf({ isReached, needed, minutesToGo }: WantedAnswer): string {
  if (isReached) return 'reached';
  if (!needed) return 'no forecast';
  return minutesToGo ? `in ${timeText(minutesToGo)}` : `with ${likelyText(needed, 'crystals')}`;
}

function linesOf(answer: WantedAnswer): string[] {
  const { kind, value, crystals, needed, minutesToGo, noTime, refusal, said, difference } = answer;
  const text = valueText[kind];
  const lines: string[] = [];
  if (Number.isFinite(value))
    lines.push(`Now ${difference ? text(value) : presentText(answer)}, ${counted(crystals, 'crystal')}.`);
  if (difference) {
    const { datasets, visible, sensitivities, spread } = difference;
    lines.push(`${datasets.join(' and ')}: ${percent(visible)} would be seen now.`);
    for (const sensitivity of sensitivities)
      lines.push(`${percent(sensitivity.relative)} would need ${likelyText(sensitivity.crystals, 'crystals')}.`);
    lines.push(`Controls ${spread.toFixed(2)}; 1 is chance alone.`);
  }
  if (needed && minutesToGo) lines.push(`With ${likelyText(needed, 'crystals')}.`);
  if (needed && noTime) lines.push(`No time: ${noTime}.`);
  if (said)
    lines.push(
      `Said ${agoText(said)}: ${text(said.value)}. It is ${text(value)}.${said.isRight ? '' : ' That was wrong.'}`,
    );
  if (refusal !== undefined) lines.push(`${refusal[0]?.toUpperCase()}${refusal.slice(1)}.`);
  return lines;
}
