/** The flags of spot lists. */
import { grouped, type Parameters, range } from '../entries/command.node.js';
import { spotUnits } from '../entries/pipeline.node.js';

/** Flags that apply to spot lists only. */
export const listRows = grouped('input', {
  unit: {
    kind: 'choice',
    sentence: 'unit of the numbers in spot lists',
    choices: spotUnits,
    fallback: '1/A',
    of: ['spot lists'],
  },
  audit: {
    kind: 'number',
    sentence: 'indexes this fraction again on the wasm reference and compares',
    range: range(0, 1, 0),
    defaultText: '',
    value: 'fraction',
    of: ['spot lists'],
  },
} as const satisfies Parameters);
