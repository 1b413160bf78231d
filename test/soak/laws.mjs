// Draws every law of test/laws with the seed of the day, a minute each.
import { check, seedOfDay } from '../laws/law.mjs';
import { closeLaws, openLaws } from '../laws/laws.mjs';

export const name = 'laws';
export const about = 'inputs drawn for each law of test/laws, by the seed of the day';
export const minutes = 45;

export async function run({ scale, seeds = [seedOfDay()], note }) {
  const laws = await openLaws();
  const seconds = (60 * minutes * scale) / laws.length / seeds.length;
  const broken = [];
  for (const seed of seeds)
    for (const law of laws) {
      const count = await check(law, { seed, seconds }).catch((error) => broken.push(error.message) && 0);
      if (count > 0) note(`${law.law}: ${count}, seed ${seed}`);
    }
  await closeLaws();
  if (broken.length > 0) throw new Error(broken.join('\n'));
}
