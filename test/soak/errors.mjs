// Stated errors against the truth: of cells that stills determine, and of detectors and known cells that crystals
// refine. The root mean square of (value − truth) / stated error is 1 if the errors are right.
import { createContext } from '../../dist/index.node.js';
import { distances, Scores, scoreDetector, scoreFreeDistance, scoreUnknownCell } from '../support/stated-errors.mjs';

export const name = 'errors';
export const about = 'stated errors of cells, distances, shifts and panels against the truth';
export const minutes = 8;

/** The root mean square of z that errors may have; a panel has moved by more than three errors to be stated at all. */
const [least, most] = [0.8, 1.2];

export async function run({ scale = 1, seeds, note = () => {} } = {}) {
  const seed = seeds?.[0] ?? 100_000 + Math.floor(Math.random() * 1e6);
  const count = Math.max(10, Math.round(200 * scale));
  note(`${count} runs of each kind, seed ${seed}`);
  const scores = new Scores();
  const context = await createContext({ backend: 'native' });
  const indexer = await context.indexer({ maxBatchSpots: 2 ** 18 });
  for (let i = 0; i < count; i++) {
    await scoreUnknownCell(scores, async (stills) => (await indexer.determineCell(stills))[0], i, seed);
    scoreDetector(scores, i, seed);
  }
  await context.dispose();
  for (const kind of Object.keys(distances))
    for (let i = 0; i < Math.max(2, Math.round(30 * scale)); i++) scoreFreeDistance(scores, kind, seed + i);
  for (let i = 0; i < Math.max(1, Math.round(5 * scale)); i++) scoreFreeDistance(scores, '250 mm', seed + 100 + i, 4);
  const wrong = [];
  for (const { name: quantity, rms, mean, count: values } of scores.rms()) {
    note(`${quantity}: rms z ${rms.toFixed(2)}, mean ${mean.toFixed(2)} of ${values}`);
    // n values give a root mean square to 1/√2n of it, and thirty a mean to 0.18.
    const isFree = quantity.startsWith('distance, ');
    const chance = 2 / Math.sqrt(2 * values);
    const isOff = rms * (1 + chance) < least || rms * (1 - chance) > most;
    const isWrong = isFree ? rms > 1.35 || Math.abs(mean) > 0.6 : isOff;
    if (isWrong && (!isFree || values >= 30)) wrong.push(`${quantity} (${rms.toFixed(2)})`);
  }
  // Of a tenth of the runs even twice the scatter says little.
  if (count >= 100 && wrong.length > 0)
    throw new Error(`stated errors are wrong by a fifth or more: ${wrong.join(', ')}`);
}
