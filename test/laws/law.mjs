/**
 * The engine of laws. A law is a row: what is drawn, the two answers that are compared, and how exactly they agree, with
 * the reason.
 *
 *     { law: 'a sentence', drawn: fc.record(…), answers: async (drawn) => [one, other], agree: bits, draws: 20 }
 *
 * `drawn` is an arbitrary of fast-check, which shrinks what fails; `answers` returns two values of numbers, texts, arrays
 * and objects; `draws` is how many `npm test` draws.
 */
import fc from 'fast-check';

/** Shrinking ends after this time, with the smallest input that was found. */
const shrinkingMs = 20_000;

/** The seed of `npm test`; a night has that of its day. */
export const fixedSeed = 20261130;
export const seedOfDay = (now = Date.now()) => Math.floor(now / 86_400_000);

/** Answers agree to the last bit. */
export const bits = { allowed: () => 0, why: 'to the last bit' };
/** Numbers agree within `relative` of the larger, or `absolute`. */
export const within = (relative, why, absolute = 0) => ({
  allowed: (a, b) => Math.max(absolute, relative * Math.max(Math.abs(a), Math.abs(b))),
  why: `within ${relative}${absolute > 0 ? ` or ${absolute}` : ''}: ${why}`,
});

const isList = (value) => Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
const shown = (value) => {
  const text = isList(value) ? `${value.length} values` : (JSON.stringify(value) ?? String(value));
  return Number.isFinite(value) || typeof value !== 'number' ? text.slice(0, 200) : String(value);
};

/** The first place in which two answers differ, in words; undefined if they agree. */
export function difference(one, other, { allowed }, path = 'the answer') {
  if (typeof one === 'number' && typeof other === 'number') {
    const isNear = one === other || Object.is(one, other) || Math.abs(one - other) <= allowed(one, other);
    return isNear ? undefined : `${path} is ${one} and ${other}`;
  }
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return Object.is(one, other) ? undefined : `${path} is ${shown(one)} and ${shown(other)}`;
  if (isList(one) !== isList(other) || (isList(one) && one.length !== other.length))
    return `${path} is ${shown(one)} and ${shown(other)}`;
  for (const key of isList(one) ? one.keys() : new Set([...Object.keys(one), ...Object.keys(other)])) {
    const found = difference(one[key], other[key], { allowed }, isList(one) ? `${path}[${key}]` : `${path}.${key}`);
    if (found) return found;
  }
  return undefined;
}

/**
 * Draws a law. `how` is { seed, path, draws, seconds }: with `seconds` as many as fit, from this seed on. Throws with the shrunken input
 * and the command that repeats it; returns the number of draws.
 */
export async function check({ law, drawn, answers, agree, draws }, how = {}) {
  const { seed = fixedSeed, path, seconds } = how;
  let [count, deadline] = [0, Number.POSITIVE_INFINITY];
  const property = fc.asyncProperty(drawn, async (input) => {
    fc.pre(performance.now() < deadline);
    count++;
    try {
      const [one, other] = await answers(input);
      const found = difference(one, other, agree);
      if (found) throw new Error(`${found}; they agree ${agree.why}`);
    } catch (error) {
      if (!fc.PreconditionFailure.isFailure(error)) deadline = Math.min(deadline, performance.now() + shrinkingMs);
      throw error;
    }
  });
  const end = performance.now() + 1000 * (seconds ?? 0);
  let result;
  for (let next = seed; ; next++) {
    const replay = path === undefined ? {} : { path, endOnFailure: true };
    result = await fc.check(property, {
      seed: next,
      numRuns: seconds === undefined ? (how.draws ?? draws) : 10,
      ...replay,
    });
    if (result.failed || performance.now() >= end) break;
  }
  if (!result.failed) return count;
  const why = result.errorInstance?.message ?? 'too few inputs were taken';
  const input = JSON.stringify(result.counterexample?.[0]) ?? 'none';
  const command = `node test/laws/run.mjs '${law}' --seed ${result.seed} --path ${result.counterexamplePath}`;
  const said = `${law}: ${why}\n  input: ${input.slice(0, 2000)}\n  again: ${command}`;
  throw new Error(said, { cause: result.errorInstance });
}
