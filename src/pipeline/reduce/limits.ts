/** What a proof accepts. */
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';

/** Greatest values that are accepted: of any shell, but for crystals. */
export const usualLimits = { bias: 0.02, noise: 1.03, missing: 0.15, merge: 0.01, lost: 0.02 } as const;
export type LimitName = keyof typeof usualLimits;
const isLimit = (name: string): name is LimitName => Object.hasOwn(usualLimits, name);

/** Reads limits such as `bias<.02,noise<1.03`. Throws `Argument`. */
export function limitsOf(what: string, text = ''): Readonly<Record<LimitName, number>> {
  const limits: Record<LimitName, number> = { ...usualLimits };
  for (const part of text.split(',').filter((one) => one.trim() !== '')) {
    const [, name = '', value = ''] = /^\s*(\w+)\s*<\s*([\d.eE+-]+)\s*$/.exec(part) ?? [];
    if (!isLimit(name) || !(Number(value) > 0))
      throw new EwaldError(
        'Argument',
        `${what} is ${inspect(text)}; expected limits such as bias<.02,noise<1.03, of ${Object.keys(usualLimits).join(', ')}`,
      );
    limits[name] = Number(value);
  }
  return limits;
}
