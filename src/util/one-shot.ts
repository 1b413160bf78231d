/** Generators that a user may loop over once: a second loop would find nothing, and count zero without a word. */
import { EwaldError } from './errors.js';
import { endedByUsing } from './resource.js';

/**
 * The generator of `source`, which throws `Disposed` if it is looped over again after its end; `what` names it, and
 * `again` says how to get another.
 */
export function oneShot<T>(
  source: () => AsyncGenerator<T, void, undefined>,
  what: string,
  again: string,
): AsyncGenerator<T, void, undefined> {
  let isOver = false;
  const generator = (async function* () {
    try {
      yield* source();
    } finally {
      isOver = true;
    }
  })();
  // Generators have this by themselves from Node 24 on.
  endedByUsing(generator, () => generator.return(undefined));
  return Object.defineProperty(generator, Symbol.asyncIterator, {
    value: () => {
      if (isOver) throw new EwaldError('Disposed', `${what} was iterated already; ${again}`);
      return generator;
    },
  });
}
