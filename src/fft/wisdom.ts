/** Wisdom: which choices were the fastest, by backend, device and plan; plain JSON, so that it outlives the context. */

import { isObject } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import { inspect } from '../util/options.js';

/** Choices of plans, as `ctx.exportWisdom` gives them and a file may keep them. */
export interface FftWisdom {
  readonly format: 'ewald wisdom';
  readonly version: 1;
  /** By plan: fields of its descriptor that were fastest. An empty object: the rule was. */
  readonly plans: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const choices = ['tune', 'threads'] as const;
export type Choice = Readonly<Partial<Record<(typeof choices)[number], number>>>;
const maxPlans = 10_000;
export const longestKey = 1000;

/** What a context has learnt. */
export class WisdomStore {
  readonly #plans = new Map<string, Choice>();

  get(key: string): Choice | undefined {
    return this.#plans.get(key);
  }

  set(key: string, choice: Choice): void {
    this.#plans.set(key, choice);
  }

  export(): FftWisdom {
    const plans = [...this.#plans]
      .sort(([p], [q]) => (p < q ? -1 : 1))
      .map(([key, choice]) => [key, { ...choice }] as const);
    return { format: 'ewald wisdom', version: 1, plans: Object.fromEntries(plans) as FftWisdom['plans'] };
  }

  /** Takes over all of it or, throwing `Format`, nothing. */
  import(given: unknown): number {
    const wrong = (found: string, needed: string): EwaldError =>
      new EwaldError('Format', `wisdom: ${found}; expected ${needed}, as exportWisdom gives it`);
    if (!isObject(given) || given.format !== 'ewald wisdom')
      throw wrong(`this is ${describe(given)}`, 'an object with format "ewald wisdom"');
    if (given.version !== 1) throw wrong(`unknown version ${inspect(given.version)}`, 'version 1');
    if (!isObject(given.plans)) throw wrong(`plans is ${describe(given.plans)}`, 'an object of choices by plan');
    const entries = Object.entries(given.plans);
    if (entries.length > maxPlans) throw wrong(`${entries.length} plans are too many`, `at most ${maxPlans}`);
    const read = entries.map(([key, value]): [string, Choice] => {
      if (key.length > longestKey)
        throw wrong(`the name of a plan has ${key.length} characters`, `at most ${longestKey}`);
      if (!isObject(value)) throw wrong(`the plan "${key}" has ${describe(value)}`, 'an object of numbers');
      for (const [name, number] of Object.entries(value)) {
        if (!(choices as readonly string[]).includes(name))
          throw wrong(`the plan "${key}" has a choice "${name.slice(0, 80)}"`, choices.join(' or '));
        if (!Number.isInteger(number) || (number as number) < 0 || (number as number) >= 2 ** 32)
          throw wrong(`${name} of the plan "${key}" is ${inspect(number)}`, 'an integer of 32 bits');
      }
      return [key, value as Choice];
    });
    for (const [key, choice] of read) this.#plans.set(key, { ...choice });
    return read.length;
  }
}

const describe = (value: unknown): string =>
  Array.isArray(value) ? 'an array' : isObject(value) ? 'an object' : inspect(value);
